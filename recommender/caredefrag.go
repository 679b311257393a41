// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/care"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// fragmented and reclaims are what makes a defragmentation due where the profile does
	// not say: the defaults of its fields.
	fragmented = 0.45
	reclaims   = 100 << 20
	// notShrunk is the reason of a defragmentation that was carried out and was not seen to
	// give anything back, or is not over yet.
	notShrunk = v1alpha1.ReasonNotReadBack
)

// defragment wants the members defragmented whose files are to a large part air, when the
// tenant is quiet; where the quota is near, at once.
func (d *pass) defragment() {
	due := d.fragmented()
	for _, m := range d.seen.Members {
		if d.fresh(m) && !slices.ContainsFunc(due, func(one plane.Member) bool { return one.Name == m.Name }) {
			d.memory.Care.Forget(aboutDefragmenting(m.Name))
		}
	}
	if len(due) == 0 {
		return
	}
	if d.careWaits = d.careHeld(); d.careWaits != "" {
		return
	}
	offPeak := d.offPeak()
	for _, m := range due {
		urgent := room(m).Tight()
		switch waits := d.rests(m); {
		case waits != "":
			d.careWaits = m.Name + waits
		case !urgent && offPeak != "":
			d.careWaits = offPeak
		default:
			d.wantDefragmented(m, urgent)
		}
	}
}

// stillDefragments tells whether a member is being defragmented. It answers nobody until that
// is over, for minutes where its file is large: that is neither what is wrong with it nor
// what others wait for. The step stays wanted until its end is known, and is the one that is
// under way, so that the plan does not begin it twice.
func (d *pass) stillDefragments() bool {
	member := d.memory.Care.UnderWay()
	if member == "" {
		return false
	}
	d.careWaits = "the defragmentation of " + member + d.memory.Care.Waits(member, d.now)
	under := d.memory.Disturb.State.Under
	if under != nil && under.Step.Kind == rollout.Defragment && under.Step.Pod == member && under.Step.UID == d.memory.Care.Tries[member].UID {
		d.wants(under.Step, plane.Step{
			Kind: plane.Defragment, Apply: true, Etcd: &plane.EtcdStep{Member: member, UID: under.Step.UID},
			Reason: plane.Reason{Code: v1alpha1.ReasonFragmented, Message: "defragments " + member + ": " + under.Step.Why},
		}, nil)
	}
	return true
}

// fragmented are the members that are seen and whose defragmentation is worth it.
func (d *pass) fragmented() (due []plane.Member) {
	fragmentation, bytes := d.worthwhile()
	for _, m := range d.seen.Members {
		if d.fresh(m) && m.Fault == nil && room(m).Due(fragmentation, bytes) {
			due = append(due, m)
		}
	}
	return due
}

// rests says what a member's defragmentation waits for because of the one before it, to be
// put behind its name; empty when for nothing.
func (d *pass) rests(m plane.Member) string {
	if fragmentation, _ := d.worthwhile(); room(m).Fragmentation() < fragmentation {
		return d.memory.Care.NearQuota(m.Name, d.now)
	}
	return d.memory.Care.Waits(m.Name, d.now)
}

// worthwhile is how much of a file must be air, from 0 to 1 and in bytes.
func (d *pass) worthwhile() (fragmentation float64, bytes int64) {
	fragmentation, bytes = d.profile.Care.Fragmentation, d.profile.Care.Reclaims
	if fragmentation <= 0 {
		fragmentation = fragmented
	}
	if bytes <= 0 {
		bytes = reclaims
	}
	return fragmentation, bytes
}

// offPeak says what a defragmentation waits for that can wait; empty when for nothing. Where
// the profile has windows the plan of disruptive steps holds it until one is open.
func (d *pass) offPeak() string {
	line := d.plan.LoadLine
	switch calm := d.memory.Care.Day.Now(d.now); {
	case len(d.profile.Windows) > 0:
		return ""
	case d.sight.blind():
		return "how busy the tenant is, as not every replica is seen"
	case d.late():
		return "requests to be in time again"
	case calm == care.Quiet:
		return ""
	case calm == care.Busy:
		return "an hour with less than 60 % of the day's most load"
	case line.Seats <= 0 || 2*line.Used >= line.Seats:
		return "less than half of the load line to be in use: what the tenant's days are like is not known yet, or all hours are alike"
	}
	return ""
}

// wantDefragmented wants one member defragmented. In Recommend it is told once, with what a
// person would do.
func (d *pass) wantDefragmented(m plane.Member, urgent bool) {
	air := airOf(room(m))
	r := plane.Reason{
		Code: v1alpha1.ReasonFragmented, Message: fmt.Sprintf("defragments %s%s; %s", m.Name, inZone(m.Zone), air),
		Evidence: []string{fmt.Sprintf("all %d members are well and at most %d entries behind the leader", len(d.seen.Members), mostBehind)},
		Rejected: []string{"all members at once: one that is defragmented answers nobody meanwhile"},
	}
	if m.Quota > 0 {
		r.Evidence = append(r.Evidence, fmt.Sprintf("its file is at %.0f %% of the quota of %s", 100*room(m).Used(), gibibytes(m.Quota)))
	}
	if !urgent {
		r.Rejected = append(r.Rejected, "to leave it: what grows next would find no more room than now, and a full disk or quota comes unannounced")
	}
	do := plane.Step{Kind: plane.Defragment, Apply: d.enforcing(d.profile.Care.Mode), Etcd: &plane.EtcdStep{Member: m.Name, UID: m.UID}, Reason: r}
	if !do.Apply {
		do.Reason.Message = "would defragment " + strings.TrimPrefix(r.Message, "defragments ")
		do.Reason.Evidence = append(do.Reason.Evidence, "by hand, followers first and the leader last: "+defragCommand(m.Name))
		d.adviseOnce(aboutDefragmenting(m.Name), "due", do)
		return
	}
	d.wants(rollout.Step{
		Kind: rollout.Defragment, Component: sizing.Etcd, Pod: m.Name, UID: m.UID, Node: m.Node, Zone: m.Zone,
		Leader: m.IsLeader, Urgent: urgent, Why: air,
	}, do, nil)
}

// adviseOnce shows a step that nobody carries out, and not again while its subject stays as
// it is told by words.
func (d *pass) adviseOnce(about, words string, s plane.Step) {
	s.Apply = false
	if d.memory.Care.Once(about, words) {
		d.step(s)
	}
}

func defragCommand(member string) string {
	return "etcdctl --endpoints=ADDRESS-OF-" + strings.ToUpper(member) + " --command-timeout=5m defrag"
}

func inZone(zone string) string {
	if zone == "" {
		return ""
	}
	return " in zone " + zone
}

// airOf says how much of a file is air, as in "1.9 of 3.1 GiB are air".
func airOf(r care.Room) string {
	if r.Size < 1<<30 {
		return fmt.Sprintf("%d of %d MiB are air", r.Air()>>20, r.Size>>20)
	}
	const gib = 1 << 30
	return fmt.Sprintf("%.1f of %.1f GiB are air", float64(r.Air())/gib, float64(r.Size)/gib)
}

// gibibytes is a number of bytes, for people.
func gibibytes[N int64 | float64](bytes N) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
