// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"maps"
	"slices"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/replicas"
	"evenkeel.dev/evenkeel/recommender/seats"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// dumpLasts is how old a debug dump may be for who holds a replica's seats.
const dumpLasts = 15 * time.Second

// scaleSeen is what the decision about the replicas goes by.
func (d *pass) scaleSeen() replicas.Seen {
	s := replicas.Seen{Floor: d.seen.Scale.Floor, Zones: d.zonesThere(), Etcd: d.etcdShort(), Offender: d.accused(), Held: d.heldBySentence()}
	if d.sight.blind() {
		s.Blind = d.sight.faults[0].Message
	}
	if d.late() {
		s.Late = "requests are late"
	}
	if b := d.memory.Line.Budget; d.enforcing(d.profile.LoadLine) && d.seen.Config != nil && b.Requests > 0 && b.Phi > 0 {
		s.Carries, s.Least = b.Requests/b.Phi, float64(d.lowestLine())
	}
	for _, r := range d.seen.Replicas {
		s.Replicas = append(s.Replicas, d.scaleReplica(r))
	}
	return s
}

func (d *pass) scaleReplica(r plane.Replica) replicas.Replica {
	out := replicas.Replica{
		Name: r.Name, ID: r.Name, Zone: r.Zone, Ready: r.Ready, CPU: r.Process.CPU, Bound: r.Process.CPULimit,
		Line: float64(min(d.plan.LoadLine.Seats, r.Ceiling)), Watches: float64(r.Answers.Watches),
	}
	if p := d.podOf(r.Name); p != nil {
		out.ID, out.Bound = p.UID, d.mostCPU(*p)
	}
	for _, l := range r.Levels {
		if d.demands(l.Name) {
			busy := float64(l.Executing + l.Waiting)
			out.Busy += busy
			if l.Demand > 0 {
				busy = l.Demand
			}
			out.Demand += busy
		}
	}
	if window := r.Window.Seconds(); window > 0 {
		out.WatchBytes = r.Answers.WatchBytes / window
		for _, served := range r.Served {
			out.Requests, out.Seconds = out.Requests+served.Requests/window, out.Seconds+served.Seconds/window
		}
	}
	out.Client, out.Share = d.mostHeld(r)
	return out
}

// demands tells whether what is asked for at a level is a reason for a replica: neither
// what is exempt, nor what is held, nor the ballast.
func (d *pass) demands(level string) bool {
	return level != seats.BallastName && !strings.HasPrefix(level, plane.JailPrefix) &&
		(d.seen.Config == nil || !slices.ContainsFunc(d.seen.Config.Levels, func(l plane.Level) bool { return l.Name == level && (l.Exempt || l.Jail) }))
}

// mostHeld is the client that holds the most of a replica's seats, and which part of all
// that are held; empty where no dump is fresh.
func (d *pass) mostHeld(r plane.Replica) (client string, share float64) {
	if r.Dumped.IsZero() || d.now.Sub(r.Dumped) > dumpLasts {
		return "", 0
	}
	sum, most := 0, 0
	for _, h := range r.Held {
		if !d.demands(h.Level) {
			continue
		}
		sum += h.Seats
		if h.Seats > most {
			client, most = h.Client.String(), h.Seats
		}
	}
	return client, float64(most) / float64(max(sum, 1))
}

// podOf is a replica's pod; nil where it is not looked at.
func (d *pass) podOf(replica string) *plane.SizedPod {
	for _, p := range d.podsOf(sizing.APIServer) {
		if p.Pod == replica {
			return &p
		}
	}
	return nil
}

// mostCPU is the most that a pod may come to, in cores; 0 is unknown. A size that is
// enforced goes to its bound before another replica is asked for, unless its node refuses.
// A pause ends, and so does the time in which the resource profile cannot be read: neither
// changes anything of that.
func (d *pass) mostCPU(p plane.SizedPod) float64 {
	if d.profile.Sizing.Mode == plane.Enforce && !d.refusedMore(p) {
		return d.boundsOf(sizing.APIServer, d.podsOf(sizing.APIServer)).CPU.Most
	}
	cpu := p.Limit.CPU
	if cpu == 0 {
		cpu = has(p).CPU
	}
	return min(cpu, most(d.seen.Sizes.Largest.CPU))
}

// refusedMore tells whether a pod cannot have more than it has, by its node or the API; a
// write that failed by chance does not tell that.
func (d *pass) refusedMore(p plane.SizedPod) bool {
	a := d.aside(p)
	return a != nil && !a.Lowers && (slices.Contains(lasting, a.Reason) || a.Reason == v1alpha1.ReasonResizeDeferred)
}

// zonesThere counts the zones that carry a replica, or could.
func (d *pass) zonesThere() int {
	zones := map[string]bool{}
	for _, r := range d.seen.Replicas {
		zones[r.Zone] = true
	}
	for zone, nodes := range d.seen.Host.Zones {
		zones[zone] = zones[zone] || nodes > 0
	}
	n := 0
	for zone, is := range zones {
		if is && zone != "" {
			n++
		}
	}
	return n
}

// etcdShort says what etcd lacks, so that more replicas would only ask more of it; empty
// where it lacks nothing, or is not seen.
func (d *pass) etcdShort() string {
	for _, t := range d.memberTroubles() {
		if t.reason != v1alpha1.ReasonLeaderChanged {
			return t.words
		}
	}
	return ""
}

// accused says who is being judged, or is named and not held: what it asks for is no reason
// for a replica. Empty where nobody is.
func (d *pass) accused() string {
	if d.profile.Jail == plane.Off || d.profile.Jail == "" {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(d.memory.Offenders)) {
		s := d.memory.Offenders[name]
		named := s.Phase == plane.PhaseRecommended || s.Phase == plane.PhaseCannotBeJailed
		if named && !s.Manual && d.now.Before(s.Until) {
			return s.Client.String() + " does harm and is not held: it would do the same on more replicas"
		}
	}
	switch {
	case d.settling():
		return "a sentence has yet to settle: it may be what is needed"
	case d.harm.Found() && offender.Suspect(d.memory.Samples, d.now, d.known()):
		return "one client holds most of the seats, and is being judged"
	}
	return ""
}

// heldBySentence says that somebody is held for a time: what it would ask for comes back.
// A sentence by hand may stand for ever.
func (d *pass) heldBySentence() string {
	for _, s := range d.memory.Offenders {
		if s.Active() && !s.Manual {
			return "a sentence is in force, and what it holds comes back"
		}
	}
	return ""
}
