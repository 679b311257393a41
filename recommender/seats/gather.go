// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// windowLength is how much of every replica's time makes a window.
	windowLength = 10 * time.Second
	// A replica is breathless when it uses cpuFull of the CPU that it may and most of
	// its smallest requests take slowPulse.
	cpuFull   = 0.95
	slowPulse = 100 * time.Millisecond
)

// Gather adds what was seen of every ready replica to the windows that are being
// filled. Once each of them has one, it gives them and begins anew; nil until then.
// Pages that tell of the time before since do not count: another line was in force.
func Gather(line plane.Line, replicas []plane.Replica, since time.Time) (plane.Line, []Window) {
	gathering := map[string]plane.Gathering{}
	full, ready := true, false
	for _, r := range replicas {
		if !r.Ready {
			continue
		}
		ready = true
		g := line.Gathering[r.Name]
		if r.Window > 0 && r.Observed.After(g.Observed) && !r.Observed.Add(-r.Window).Before(since) {
			g = added(g, r)
		}
		gathering[r.Name] = g
		full = full && g.Length >= windowLength
	}
	line.Gathering = gathering
	if !full || !ready {
		return line, nil
	}
	var windows []Window
	for _, r := range replicas {
		if r.Ready {
			windows = append(windows, filled(r, gathering[r.Name]))
			gathering[r.Name] = plane.Gathering{Observed: gathering[r.Name].Observed}
		}
	}
	return line, windows
}

// added is a gathering with one more page.
func added(g plane.Gathering, r plane.Replica) plane.Gathering {
	seconds := r.Window.Seconds()
	g.Observed = r.Observed
	g.Length += r.Window
	g.CPUSeconds += r.Process.CPU * seconds
	if r.Pulse > 0 {
		g.Pulses++
		g.PulseSeconds += r.Pulse.Seconds()
		if r.Pulse >= slowPulse {
			g.SlowPulses++
		}
	}
	for _, l := range r.Levels {
		if onLine(l.Name) {
			g.SeatSeconds += float64(l.Executing) * seconds
			g.Refused += l.Rejected
		}
	}
	for _, f := range r.Flows {
		if onLine(f.Level) {
			g.Waited += f.WaitSeconds
			g.Requests += f.Requests
		}
	}
	if g.Served = maps.Clone(g.Served); g.Served == nil {
		g.Served = map[plane.Class]plane.Work{}
	}
	for _, s := range r.Served {
		if w, known := g.Served[s.Class]; known || len(g.Served) < mostClasses {
			g.Served[s.Class] = plane.Work{Requests: w.Requests + s.Requests, Seconds: w.Seconds + s.Seconds}
		}
	}
	if g.Delays = maps.Clone(g.Delays); g.Delays == nil {
		g.Delays = map[string]plane.Delays{}
	}
	for _, d := range r.Delays {
		g.Delays[d.Scope] = g.Delays[d.Scope].Plus(d)
	}
	g.Heartbeats = g.Heartbeats.Plus(r.Heartbeats)
	return g
}

// onLine tells whether a level's requests are held by the line: those of exempt hold no
// seats, and those of a jail are held by their sentence.
func onLine(level string) bool {
	return level != "exempt" && !strings.HasPrefix(level, plane.JailPrefix)
}

func filled(r plane.Replica, g plane.Gathering) Window {
	w := Window{
		Replica: r.Name, Length: g.Length, Heartbeats: g.Heartbeats, Used: g.SeatSeconds / g.Length.Seconds(), Refused: g.Refused,
		Breathless: r.Process.CPULimit > 0 && g.CPUSeconds >= cpuFull*r.Process.CPULimit*g.Length.Seconds() && 2*g.SlowPulses > g.Pulses,
	}
	if g.Pulses > 0 {
		w.Pulse = g.PulseSeconds / float64(g.Pulses)
	}
	if g.Requests > 0 {
		w.Wait = g.Waited / g.Requests
	}
	for c, work := range g.Served {
		w.Served = append(w.Served, plane.Served{Class: c, Requests: work.Requests, Seconds: work.Seconds})
	}
	for _, scope := range slices.Sorted(maps.Keys(g.Delays)) {
		w.Delays = append(w.Delays, g.Delays[scope])
	}
	// In one order, so that the same windows give the same sums.
	slices.SortFunc(w.Served, func(a, b plane.Served) int {
		return cmp.Or(cmp.Compare(a.Class.Verb, b.Class.Verb), cmp.Compare(a.Class.Group, b.Class.Group),
			cmp.Compare(a.Class.Resource, b.Class.Resource), cmp.Compare(a.Class.Subresource, b.Class.Subresource),
			cmp.Compare(a.Class.Scope, b.Class.Scope))
	})
	return w
}
