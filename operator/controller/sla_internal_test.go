// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"math"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sla"
)

func TestWhatBecameOfRequests(t *testing.T) {
	slow := map[string]float64{}
	r := plane.Replica{
		Answers: plane.Answers{Requests: 1000, Errors: 5, Refused: 120},
		Delays: []plane.Delays{
			{Scope: "resource", Upper: []float64{0.5, 1, 5}, Within: []float64{90, 95, 100}, Requests: 100},
			{Scope: "cluster", Upper: []float64{1, 30, 60}, Within: []float64{0, 8, 10}, Requests: 10},
		},
		Flows: []plane.FlowLoad{
			{Level: "workload-low", WaitSeconds: 7, Rejected: 20},
			{Level: plane.JailPrefix + "x", WaitSeconds: 50, Rejected: 100},
		},
	}
	got, jailed := servedBy(r, slow)
	got.Slow = math.Round(got.Slow)
	if want := (sla.Sums{Requests: 900, Failed: 5, Shed: 20, Slow: 7, Waited: 7}); got != want || jailed != 100 {
		t.Errorf("%+v, %v jailed, not %+v", got, jailed, want)
	}
	if math.Round(slow["resource"]) != 5 || math.Round(slow["cluster"]) != 2 {
		t.Errorf("slow are %v", slow)
	}
	r.Answers.Refused = 30 // watches are refused as well, and not counted among the answers
	if got, jailed = servedBy(r, slow); got.Shed != 0 || jailed != 30 {
		t.Errorf("%+v, %v jailed", got, jailed)
	}
}

func TestWhatIsPromised(t *testing.T) {
	for _, c := range []struct {
		target string
		zones  int32
		want   float64
		word   string
	}{{"", 0, 0.995, "99.5"}, {"", 3, 0.9995, "99.95"}, {"99.9", 3, 0.999, "99.9"}, {"99.999", 0, 0.99999, "99.999"}, {"nonsense", 0, 0.995, "nonsense"}} {
		cpp := &v1alpha1.ControlPlaneProfile{}
		cpp.Spec.Availability.Target, cpp.Spec.Availability.Zones = c.target, c.zones
		if got, word := Promised(cpp); got != c.want || word != c.word {
			t.Errorf("%q with %d zones: %v, %q", c.target, c.zones, got, word)
		}
	}
}

// A page is counted once, however often a look shows it; of a replica that is new, as of one
// that has restarted, nothing is counted before it has a window.
func TestPagesAreCountedOnce(t *testing.T) {
	now := time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC)
	var book ledger.Book
	book.Recall(ledger.Kept{}, time.Time{}, now)
	k := &kept{}
	look := func(observed time.Time, window time.Duration) {
		p := &pass{kept: k, now: observed, cpp: &v1alpha1.ControlPlaneProfile{}}
		p.snapshot.Replicas = []plane.Replica{{UID: "1", Observed: observed, Window: window, Answers: plane.Answers{Requests: 10}}}
		p.served(&book)
	}
	look(now, 0)
	look(now.Add(5*time.Second), 5*time.Second)
	look(now.Add(5*time.Second), 5*time.Second)
	look(now.Add(10*time.Second), 5*time.Second)
	up := probe.Round{At: now, Verdict: sla.Up}
	book.Round(up, "a", nil)
	up.At = now.Add(20 * time.Second)
	book.Round(up, "a", nil)
	book.Turn(nil, now.Add(3*time.Minute))
	l := book.Ledger()
	if len(l.Days) != 1 || l.Days[0].Sums.Requests != 20 {
		t.Errorf("%+v", l.Days)
	}
}
