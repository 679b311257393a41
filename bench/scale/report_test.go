// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/scale/turns"
)

var update = flag.Bool("update", false, "write the golden files anew")

func outcome(windows []Window, all ...Capacity) Outcome {
	return Outcome{
		Stepped: stepped, Until: stepped.Add(4 * time.Minute), Seen: all, Windows: windows, Before: []Window{{P99: time.Millisecond, Requests: 1}}, Least: 0.675, Served: 60, ServedAtEnd: 231,
	}
}

// replays are two short days and a long one of both arms.
func replays() turns.Result {
	day := func(arm string, length time.Duration, replicas, sizes int) turns.Replay {
		r := turns.Replay{Arm: arm, Day: length, ReplicaChanges: 4, SizeChanges: 20, CoreHours: 15, UsedCoreHours: 10, ShortMinutes: 5.5}
		r.Replicas, r.Sizes = make([]turns.Turn, replicas), make([]turns.Turn, sizes)
		return r
	}
	return turns.Result{Replays: []turns.Replay{
		day(turns.ArmHPA, 24*time.Hour, 2, 0), day(turns.ArmEvenkeel, 24*time.Hour, 1, 6),
		day(turns.ArmHPA, short, 1, 0), day(turns.ArmEvenkeel, short, 0, 0),
		day(turns.ArmHPA, short, 0, 0), day(turns.ArmEvenkeel, short, 0, 2),
	}}
}

// TestTable shows a run in which the autoscaler alone never had enough.
func TestTable(t *testing.T) {
	r := &report.Report{}
	slow := Window{P99: 2400 * time.Millisecond, Requests: 150}
	quick := Window{P99: 80 * time.Millisecond, Requests: 150}
	Record(r, ByHPA, outcome([]Window{slow, slow, slow, quick}, seen(-1, 3, 0.45), seen(95, 4, 0.6)))
	Record(r, ByEvenkeel, outcome([]Window{slow, quick, quick, quick}, seen(-1, 3, 0.45), seen(61, 3, 0.525), seen(80, 3, 0.675), seen(100, 4, 0.9)))
	RecordReplays(r, replays())
	golden(t, "table.txt", Table(r).Text())
	if f, ok := r.Figure(oscillationsName); !ok || f.Value != 2 {
		t.Errorf("oscillations are %v (%t), want the 2 of the short days under Evenkeel", f.Value, ok)
	}
	if !missed(r, "scale.hpa.capacity_seconds") {
		t.Error("a capacity that never came is not among what is missing")
	}
}

// TestTableOfNothing: what was not played is unknown, and not met.
func TestTableOfNothing(t *testing.T) {
	golden(t, "nothing.txt", Table(&report.Report{}).Text())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
