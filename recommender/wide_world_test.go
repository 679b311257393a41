// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// wide is the autoscaler of a world's replicas, and the load that they share.
type wide struct {
	w *world
	// seats are asked for of all replicas together; each seat takes perSeat cores, and a
	// replica idle ones of its own.
	seats, perSeat, idle float64
	// smoothed are the seats that the replicas show as their demand; 0 is as many.
	smoothed float64
	// n replicas run, since when each of them does.
	n     int
	since []time.Time
	seen  plane.ScaleSeen
	// skew is which part of the load the first replica has; 0 is an equal one.
	skew float64
	// watches are open, of all replicas together.
	watches float64
	// slow is how long the replicas of a raised floor take until they run.
	slow time.Duration
}

// widened gives a world a host cluster and an autoscaler that goes to its floor at once.
func widened(w *world, seats float64) *wide {
	h := hosts(w, plane.Amounts{CPU: 0.5, Memory: gibi})
	wide := &wide{w: w, seats: seats, perSeat: 0.01, idle: 0.1, n: 3, since: make([]time.Time, 3), slow: 20 * time.Second}
	wide.seen = plane.ScaleSeen{Looked: true, Autoscaler: "kube-apiserver", Own: true, Floor: 3, Max: 9, ByMetrics: true}
	w.wide = wide
	w.profile.Scaling = plane.ScalingProfile{Mode: plane.Enforce, Min: 3, Max: 9, Zones: 3, ByZone: true}
	w.profile.Sizing.Resources = nil
	w.profile.Sizing.Bounds = map[sizing.Component]plane.SizeBounds{sizing.APIServer: {CPU: sizing.Bounds{Most: 2}}}
	h.uses = func(c sizing.Component, _ sizing.Drivers) plane.Amounts {
		if c == sizing.Etcd {
			return plane.Amounts{CPU: 0.2, Memory: 0.5 * gibi}
		}
		return plane.Amounts{CPU: wide.cpu(1 / float64(wide.n)), Memory: 0.8 * gibi}
	}
	return wide
}

// cpu is what a replica with a part of the load uses.
func (wd *wide) cpu(part float64) float64 { return wd.idle + part*wd.seats*wd.perSeat }

func (wd *wide) count() int {
	if wd == nil {
		return 3
	}
	return wd.n
}

// part is what a replica has of the load. One that does not run yet has none.
func (wd *wide) part(i int, now time.Time) float64 {
	ready := 0
	for _, since := range wd.since {
		if !now.Before(since) {
			ready++
		}
	}
	switch {
	case now.Before(wd.since[i]):
		return 0
	case wd.skew == 0:
		return 1 / float64(ready)
	case i == 0:
		return wd.skew
	}
	return (1 - wd.skew) / float64(ready-1)
}

// share gives a replica its part of the load.
func (wd *wide) share(r plane.Replica, i int, now time.Time) plane.Replica {
	if wd == nil {
		return r
	}
	part := wd.part(i, now)
	r.Ready = r.Ready && !now.Before(wd.since[i])
	for j, l := range r.Levels {
		if l.Name == "workload-low" {
			r.Levels[j].Demand, r.Levels[j].Executing = part*max(wd.seats, wd.smoothed), int(part*wd.seats)
		}
		if l.Name == "exempt" || l.Name == "evenkeel-ballast" { // none of it is a reason for a replica
			r.Levels[j].Demand = 1e6
		}
	}
	r.Process.CPU = wd.cpu(part)
	r.Answers.Watches = int(part * wd.watches)
	return r
}

// look adds what the host cluster tells.
func (wd *wide) look(s *plane.Snapshot, now time.Time) {
	if wd == nil {
		return
	}
	s.Scale = wd.seen
	h := wd.w.hosted
	for i := range wd.n {
		name := fmt.Sprintf("kube-apiserver-%d", i)
		if !slices.ContainsFunc(h.pods, func(p plane.SizedPod) bool { return p.Pod == name }) {
			p := h.pods[0]
			p.Pod, p.UID, p.Node = name, name+"-uid-"+now.Format("150405"), fmt.Sprintf("node-%d", i)
			h.pods = append(h.pods, p)
		}
	}
	h.pods = slices.DeleteFunc(h.pods, func(p plane.SizedPod) bool {
		return p.Component == sizing.APIServer && !slices.ContainsFunc(s.Replicas, func(r plane.Replica) bool { return r.Name == p.Pod })
	})
	slices.SortStableFunc(h.pods, func(a, b plane.SizedPod) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.Pod, b.Pod))
	})
	s.Sizes = h.seen(now)
}

// obey is what the autoscaler makes of a floor.
func (wd *wide) obey(s plane.Step, now time.Time) {
	if s.Kind != plane.SetFloor {
		return
	}
	wd.seen.Floor, wd.n = s.Floor.To, s.Floor.To
	for len(wd.since) < wd.n {
		wd.since = append(wd.since, now.Add(wd.slow))
	}
	wd.since = wd.since[:wd.n]
}
