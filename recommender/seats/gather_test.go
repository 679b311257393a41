// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// Windows are gathered until every ready replica has one; levels that the line does
// not hold are left out.
func TestGather(t *testing.T) {
	class := plane.Class{Verb: "GET", Resource: "pods", Scope: "resource"}
	page := func(name string, after time.Duration) plane.Replica {
		return plane.Replica{
			Name: name, Ready: true, Observed: start.Add(after), Window: 5 * time.Second, Pulse: 200 * time.Millisecond,
			Levels: []plane.LevelLoad{
				{Name: "low", Executing: 8, Rejected: 2}, {Name: "exempt", Executing: 99}, {Name: plane.JailPrefix + "x", Executing: 7, Rejected: 9},
			},
			Flows: []plane.FlowLoad{
				{Level: "low", Requests: 10, WaitSeconds: 3}, {Level: plane.JailPrefix + "x", Requests: 1, WaitSeconds: 60},
			},
			Served:  []plane.Served{{Class: class, Requests: 100, Seconds: 2}},
			Delays:  []plane.Delays{{Scope: "resource", Upper: []float64{0.1, 1}, Within: []float64{90, 99}, Requests: 100}},
			Process: plane.Process{CPU: 0.5, CPULimit: 0.5},
		}
	}
	var l plane.Line
	idle := plane.Replica{Name: "r9"}
	for i, want := range []int{0, 0, 0, 2} {
		after := time.Duration(i/2) * 5 * time.Second
		seen := []plane.Replica{page("r0", after), page("r1", 0), idle}
		if i == 3 {
			seen[1] = page("r1", 5*time.Second) // r1 has come late
		}
		var windows []seats.Window
		l, windows = seats.Gather(l, seen, start.Add(-5*time.Second))
		if len(windows) != want {
			t.Fatalf("look %d gives %d windows, want %d: %+v", i, len(windows), want, windows)
		}
		if want == 0 {
			continue
		}
		full := seats.Window{
			Replica: "r0", Length: 10 * time.Second, Used: 8, Refused: 4, Wait: 0.3, Pulse: 0.2, Breathless: true,
			Served: []plane.Served{{Class: class, Requests: 200, Seconds: 4}},
			Delays: []plane.Delays{{Scope: "resource", Upper: []float64{0.1, 1}, Within: []float64{180, 198}, Requests: 200}},
		}
		if diff := cmp.Diff(full, windows[0]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
