// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"strings"
	"testing"
)

// faulted is the report of a play in which a member's death was noticed and no zone was cut.
func faulted() *Report {
	r := sample()
	r.Target, r.Figures, r.Missing = "bench-faults", nil, nil
	add := func(kind string, failed, leaderless, inFlight, first, every, again []float64) {
		r.Add(Fault(kind, "failed"), UnitCount, failed...)
		r.Add(Fault(kind, "leaderless_failed"), UnitCount, leaderless...)
		r.Add(Fault(kind, "inflight_failed"), UnitCount, inFlight...)
		r.Add(Fault(kind, "first_write_seconds"), UnitSeconds, first...)
		r.Add(Fault(kind, "every_writer_seconds"), UnitSeconds, every...)
		name, recovered := "ready_seconds", again
		if kind == "zone" {
			name = "spread_seconds"
		}
		if kind == "zone" || kind == "member" {
			recovered = first
		}
		r.Add(Fault(kind, name), UnitSeconds, again...)
		r.Add(Fault(kind, "recover_seconds"), UnitSeconds, recovered...)
	}
	add("zone", []float64{0, 0}, []float64{0, 0}, []float64{9, 40}, []float64{0.2, 1.4}, []float64{0.4, 2.5}, []float64{14, 19})
	add("member", []float64{0, 31, 0}, []float64{0, 29, 0}, []float64{3, 12, 2}, []float64{0.1, 1.3, 3.1}, []float64{0.3, 7.4, 7.2}, []float64{7, 17, 8})
	add("apiserver", []float64{0}, []float64{0}, []float64{5}, []float64{0.2}, []float64{0.4}, []float64{6})
	r.Miss(Fault("operator", "failed"), "the fault was not played")
	r.Add(FaultKills, UnitCount, 6)
	r.Add(FaultMoved, UnitCount, 0)
	r.Add(FaultLost, UnitCount, 0)
	r.Add(FaultRisked, UnitCount, 0)
	r.Miss(FaultQuorum, "the members were not seen")
	return r
}

func TestFaultsGolden(t *testing.T) {
	f := NewFaults(faulted())
	golden(t, "faults.txt", f.Text())
	if md := f.Markdown(); !strings.Contains(md, "| a zone loses its power | 2 |") {
		t.Errorf("the Markdown lacks the zones:\n%s", md)
	}
}

// One failed request in one of the runs is told, although the median is 0, and so is one
// slow election of three; what was not seen does not count as met.
func TestFaultsBars(t *testing.T) {
	var unmet []string
	for _, b := range NewFaults(faulted()).Bars {
		if b.Verdict != Met {
			unmet = append(unmet, b.Key+" "+string(b.Verdict))
		}
	}
	want := []string{"member-failed missed", "member-writes missed", "operator-failed unknown", "operator-ready unknown", "quorum unknown"}
	if !slices.Equal(unmet, want) {
		t.Errorf("not met are %q, want %q", unmet, want)
	}
	r := faulted()
	r.Missing = nil
	for _, b := range NewFaults(r).Bars {
		if strings.HasPrefix(b.Key, "operator") {
			t.Errorf("a bar of a kind that was left out: %+v", b)
		}
	}
}
