// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/bench/load"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const ms = time.Millisecond

func TestWindow(t *testing.T) {
	r := load.NewRecorder()
	record := func(due, latency time.Duration, o load.Outcome, status int) {
		r.Begin(start.Add(due)).End(start.Add(due+latency), o, status)
	}
	for i := range 100 { // 1..100 ms, due in the first second
		record(time.Duration(i)*10*ms, time.Duration(i+1)*ms, load.OK, 200)
	}
	record(time.Second, 10*time.Second, load.TimedOut, 0)
	record(time.Second, ms, load.Rejected, 429)
	record(time.Second, ms, load.Failed, 500)
	record(time.Second, 3*ms, load.OK, 200)
	r.Begin(start.Add(time.Second))        // never ends
	r.Begin(start.Add(time.Second)).Drop() // cut off
	twice := r.Begin(start.Add(2 * time.Second))
	twice.End(start.Add(2*time.Second+ms), load.OK, 200)
	twice.End(start.Add(9*time.Second), load.TimedOut, 0)

	for name, c := range map[string]struct {
		from, to time.Duration
		want     load.Stats
	}{
		"percentiles": {0, time.Second, load.Stats{Count: 100, P50: 50 * ms, P90: 90 * ms, P99: 99 * ms, Max: 100 * ms, Mean: 50500 * time.Microsecond}},
		"a refusal is no good answer, a timeout counts in full": {time.Second, 2 * time.Second, load.Stats{
			Count: 4, Failed: 2, TimedOut: 1, Rejected: 1, Pending: 1,
			P50: 3 * ms, P90: 10 * time.Second, P99: 10 * time.Second, Max: 10 * time.Second, Mean: 5001500 * time.Microsecond,
		}},
		"a call ends once":     {2 * time.Second, 3 * time.Second, load.Stats{Count: 1, P50: ms, P90: ms, P99: ms, Max: ms, Mean: ms}},
		"empty":                {5 * time.Second, 6 * time.Second, load.Stats{}},
		"the end is not in it": {0, 10 * ms, load.Stats{Count: 1, P50: ms, P90: ms, P99: ms, Max: ms, Mean: ms}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, r.Window(start.Add(c.from), start.Add(c.to))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLiveShowsAHang(t *testing.T) {
	r := load.NewRecorder()
	r.Begin(start).End(start.Add(ms), load.OK, 200)
	for range 9 {
		r.Begin(start.Add(time.Second))
	}
	got := r.Live(start.Add(4*time.Second), 5*time.Second)
	if got.Count != 1 || got.Pending != 9 || got.P50 != 3*time.Second {
		t.Errorf("Live = %+v, want 1 finished, 9 pending, p50 3s: they have waited that long", got)
	}
}

func TestAcrossTakesTheRequestsTogether(t *testing.T) {
	fast, slow := load.NewRecorder(), load.NewRecorder()
	for range 3 {
		fast.Begin(start).End(start.Add(ms), load.OK, 200)
	}
	slow.Begin(start).End(start.Add(9*ms), load.OK, 200)
	slow.Begin(start)
	want := load.Stats{Count: 4, Pending: 1, P50: ms, P90: 9 * ms, P99: 9 * ms, Max: 9 * ms, Mean: 3 * ms}
	if diff := cmp.Diff(want, load.Across(start, start.Add(1), fast, slow)); diff != "" {
		t.Error(diff)
	}
	if got := load.LiveAcross(start.Add(time.Second), 2*time.Second, fast, slow); got.Max != time.Second || got.Pending != 1 {
		t.Errorf("LiveAcross = %+v, want the one pending for a second", got)
	}
}

func TestPercentilesAreNearestRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 1e10), 1, 300).Draw(t, "latencies")
		r := load.NewRecorder()
		for _, v := range values {
			r.Begin(start).End(start.Add(time.Duration(v)), load.OK, 200)
		}
		got := r.Window(start, start.Add(1))
		slices.Sort(values)
		for _, q := range []struct {
			percent int
			value   time.Duration
		}{{50, got.P50}, {90, got.P90}, {99, got.P99}} {
			// The definition, counted out: the smallest value that at least p per
			// cent do not exceed.
			want := slices.IndexFunc(values, func(v int64) bool {
				n := 0
				for _, w := range values {
					if w <= v {
						n++
					}
				}
				return n*100 >= q.percent*len(values)
			})
			if int64(q.value) != values[want] {
				t.Fatalf("p%d of %v = %d, want %d", q.percent, values, q.value, values[want])
			}
		}
		if int64(got.Max) != values[len(values)-1] || got.P50 > got.P90 || got.P90 > got.P99 || got.P99 > got.Max || got.Mean > got.Max {
			t.Fatalf("out of order: %+v", got)
		}
	})
}
