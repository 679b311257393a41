// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"testing"
	"time"
)

// Minutes are bad by when the requests began that were not served, half of one and more.
func TestTheClientsAccount(t *testing.T) {
	begin := time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC)
	a := &account{}
	for at := begin; at.Before(begin.Add(10 * time.Minute)); at = at.Add(250 * time.Millisecond) {
		s := at.Sub(begin).Seconds()
		// 14:02:31 to 14:03:29 is half of neither minute; 14:05:29.5 to 14:07:31 of three.
		down := s >= 151 && s < 209 || s >= 329.5 && s < 451
		a.asked = append(a.asked, asked{at: at, served: !down})
	}
	var got []string
	for _, m := range a.bad(begin, begin.Add(10*time.Minute)) {
		got = append(got, m.Format("15:04"))
	}
	if len(got) != 3 || got[0] != "14:05" || got[2] != "14:07" {
		t.Errorf("bad are %v", got)
	}
	if bad := a.bad(begin.Add(6*time.Minute), begin.Add(7*time.Minute)); len(bad) != 1 {
		t.Errorf("of one minute %v", bad)
	}
}

func TestGaps(t *testing.T) {
	begin := time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC)
	at := func(seconds ...int) (all []time.Time) {
		for _, s := range seconds {
			all = append(all, begin.Add(time.Duration(s)*time.Second))
		}
		return all
	}
	for name, c := range map[string]struct {
		times []time.Time
		want  time.Duration
	}{
		"none":            {nil, time.Minute},
		"every fifteen":   {at(10, 25, 40, 55), 15 * time.Second},
		"in no order":     {at(55, 10, 40, 25), 15 * time.Second},
		"none at the end": {at(5, 20), 40 * time.Second},
		"late":            {at(50), 50 * time.Second},
	} {
		if got := longestGap(c.times, begin, begin.Add(time.Minute)); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
	if got := (Dead{SeriesGap: 45 * time.Second, LedgerGap: 90 * time.Second}).Intervals(); got != 3 {
		t.Errorf("%v intervals", got)
	}
}

func TestWhoLeads(t *testing.T) {
	for holder, want := range map[string]bool{"evenkeel-1_3e1f": true, "evenkeel-12_3e1f": false, "evenkeel-1": false, "": false} {
		if got := leads(holder, "evenkeel-1"); got != want {
			t.Errorf("%q: %v", holder, got)
		}
	}
}
