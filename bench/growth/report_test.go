// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/report"
)

// What others rely on is there by its name, and one late half minute is told however quiet
// the others were.
func TestReport(t *testing.T) {
	r := &report.Report{}
	calm := load.Stats{Count: 9000, P50: 5 * time.Millisecond, P99: 80 * time.Millisecond, Max: 2 * time.Second}
	Record(r, ByStatic, Outcome{Nodes: 700, Renewals: load.Stats{}, Why: errTest{}}, 2000)
	Record(r, ByEvenkeel, Outcome{
		Nodes: 2000, Renewals: calm, Worst: 1400 * time.Millisecond, Windows: 10, Late: 1, Resizes: 31, LeaderChanges: 3, Ordered: 2,
	}, 2000)
	for name, want := range map[string]float64{
		"growth.evenkeel.p99_ms": 80, "growth.evenkeel.worst_window_p99_ms": 1400, "growth.evenkeel.late_windows": 1,
		"growth.restarts": 0, "growth.leader_changes": 1, "growth.resizes": 31,
	} {
		if f, ok := r.Figure(name); !ok || f.Value != want {
			t.Errorf("%s is %v, %v, not %v", name, f.Value, ok, want)
		}
	}
	if _, ok := r.Figure("growth.static.p99_ms"); ok || len(r.Missing) != 2 {
		t.Errorf("what was not measured is a figure, or not said: %v", r.Missing)
	}
	text := Table(r).Text()
	for row := range strings.SplitSeq(text, "\n") {
		late := strings.Contains(row, "worst half minute") || strings.Contains(row, "half minutes above") || strings.Contains(row, "nobody ordered")
		if late != strings.Contains(row, string(report.Missed)) {
			t.Errorf("the wrong verdict: %s", row)
		}
	}
}

type errTest struct{}

func (errTest) Error() string { return "context deadline exceeded" }
