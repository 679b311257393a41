// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"strings"
	"testing"

	"evenkeel.dev/evenkeel/bench/report"
)

// limits are seconds with these limits, each for so long.
func limits(parts ...[2]int) (out []second) {
	for _, part := range parts {
		for range part[1] {
			out = append(out, second{limit: part[0], work: 30, pace: 2, done: 10})
		}
	}
	return out
}

func TestJudge(t *testing.T) {
	v := judge(limits([2]int{600, 300}, [2]int{100, 400}, [2]int{112, 30}, [2]int{100, 1070}), 40)
	if !v.settled || v.settleSeconds != 300 || v.settleRequests != 3000 || v.limit != 100 || v.swing != 0 || v.lowest != 100 {
		t.Errorf("a limit that settles with one try in vain: %+v", v)
	}
	if math.Abs(v.goodput-0.75) > 1e-9 || math.Abs(v.pace-2) > 1e-9 || math.Abs(v.earlyGoodput-0.75) > 1e-9 {
		t.Errorf("30 of 40 at a pace of 2: %+v", v)
	}
	var saw [][2]int
	for range 30 {
		saw = append(saw, [2]int{50, 20}, [2]int{60, 20}, [2]int{75, 20})
	}
	if v := judge(limits(saw...), 40); v.settled || v.limit != 60 || math.Abs(v.swing-100*25.0/60) > 1e-9 || v.lowest != 50 {
		t.Errorf("a limit that never rests: %+v", v)
	}
	if v := judge(limits([2]int{600, 950}, [2]int{100, 600}, [2]int{200, 250}), 40); v.settled {
		t.Errorf("a limit that moved near the end: %+v", v)
	}
}

func TestTable(t *testing.T) {
	r := &report.Report{}
	at := func(goodput float64, settled bool) verdict {
		return verdict{goodput: goodput, earlyGoodput: 0.9, pace: 1.5, earlyPace: 3, limit: 48, swing: 12.4, lowest: 20, settled: settled, settleSeconds: 300, settleRequests: 9000}
	}
	add(r, "knee40", "evenkeel", []verdict{at(0.99, true), at(0.5, true), at(1, true)})
	add(r, "knee40", "failsafe", []verdict{at(0.80, true), at(0.82, false), at(0.81, true)})
	if f, ok := r.Figure("limiter.knee40.evenkeel.settle_requests"); !ok || f.Value != 9000 || f.Runs != 3 {
		t.Errorf("what was settled after so many requests is %+v, %v", f, ok)
	}
	if len(r.Missing) != 2 || r.Missing[0].Why != "the limit does not come to rest in 1 of 3 runs" {
		t.Errorf("missing are %+v", r.Missing)
	}
	lines := strings.Split(table(r).Text(), "\n")
	for i, want := range []string{
		"knee40 Evenkeel 99 % (50 to 100) 1.5× 48 12 % 300 s 90 % 3.0× 20",
		"knee40 failsafe-go 81 % 1.5× 48 12 % never 90 % 3.0× 20",
	} {
		if got := strings.Join(strings.Fields(lines[i+1]), " "); got != want {
			t.Errorf("line %d is %q, want %q", i+1, got, want)
		}
	}
}
