// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas_test

import (
	"fmt"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/replicas"
)

// Connections that stay on one replica are told after ten minutes, with what would help.
func TestConnections(t *testing.T) {
	for name, c := range map[string]struct {
		watches, requests [3]float64
		goAway            float64
		change            func(p *controlPlane)
		remedy            replicas.Remedy
		says              string
	}{
		"even":                    {[3]float64{400, 410, 390}, [3]float64{50, 50, 50}, 0, nil, replicas.NoRemedy, ""},
		"twice as many":           {[3]float64{400, 200, 200}, [3]float64{50, 50, 50}, 0, nil, replicas.NoRemedy, ""},
		"all on one":              {[3]float64{900, 10, 20}, [3]float64{50, 50, 50}, 0, nil, replicas.SetGoAway, "kas-0 has 900 of the watches, 2.9 times the mean"},
		"all on one, with GOAWAY": {[3]float64{900, 10, 20}, [3]float64{50, 50, 50}, 0.001, nil, replicas.Drain, "kas-0 has 900 of the watches, 2.9 times the mean"},
		"watches not told":        {[3]float64{}, [3]float64{300, 5, 5}, 0, nil, replicas.SetGoAway, "kas-0 answers 300 requests/s, 2.9 times the mean"},
		"a few busy clients":      {[3]float64{400, 410, 390}, [3]float64{300, 5, 5}, 0, nil, replicas.TheClient, "kas-0 answers 300 requests/s, 2.9 times the mean"},
		"too few to tell":         {[3]float64{40, 0, 0}, [3]float64{15, 0, 0}, 0, nil, replicas.NoRemedy, ""},
		"blind":                   {[3]float64{900, 10, 20}, [3]float64{50, 50, 50}, 0, func(p *controlPlane) { p.seen.Blind = "kas-1" }, replicas.NoRemedy, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := of(3, wide())
			for i := range 3 {
				p.seen.Replicas[i].Watches, p.seen.Replicas[i].Requests = c.watches[i], c.requests[i]
			}
			p.look()
			if c.change != nil {
				c.change(p)
			}
			var was replicas.Uneven
			var e replicas.Evenness
			for range 12 * 10 {
				if e, was = replicas.Even(p.seen, c.goAway, p.memory, was, p.now); e.Remedy != replicas.NoRemedy {
					t.Fatalf("at %s already %+v", p.now, e)
				}
				p.look()
			}
			if e, _ = replicas.Even(p.seen, c.goAway, p.memory, was, p.now); e.Remedy != c.remedy || e.Words != c.says {
				t.Errorf("%q, %q, want %q, %q", e.Remedy, e.Words, c.remedy, c.says)
			}
		})
	}
}

// A replica that has just come is empty: that is not uneven, and begins no count.
func TestANewReplicaIsNotUneven(t *testing.T) {
	p := of(2, wide())
	each(func(r *replicas.Replica) { r.Watches = 400 })(p)
	p.look()
	p.run(3)
	p.look()
	var was replicas.Uneven
	for p.now.Sub(noon) < 4*time.Minute {
		var e replicas.Evenness
		if e, was = replicas.Even(p.seen, 0, p.memory, was, p.now); e.Fullest != "" || !was.Since.IsZero() {
			t.Fatalf("%+v", e)
		}
		p.look()
	}
}

// What one client holds goes on to another replica as a whole: one is drained for it, and
// none for eight hours after; and each has had it for ten minutes when it is drained.
func TestALoadThatFollowsIsNotDrainedAgain(t *testing.T) {
	p := of(3, wide())
	on, since, first := 0, noon, ""
	var was replicas.Uneven
	var drained []time.Time
	for p.now.Sub(noon) < 20*time.Hour {
		for i := range p.seen.Replicas {
			p.seen.Replicas[i].Watches = 30
		}
		p.seen.Replicas[on].Watches = 140
		p.look()
		var e replicas.Evenness
		e, was = replicas.Even(p.seen, 0.001, p.memory, was, p.now)
		if n := len(drained); n > 0 && e.Remedy == replicas.TheClient && (e.Drained.Name != first || e.Drained.At.Sub(drained[0]) > time.Minute) && n == 1 {
			t.Fatalf("at %s it is told of %+v, and %s was drained at %s", p.now, e.Drained, first, drained[0])
		}
		if e.Remedy != replicas.Drain {
			continue
		}
		r := &p.seen.Replicas[on]
		if e.Fullest != r.ID || p.now.Sub(since) < 10*time.Minute {
			t.Fatalf("%s is drained at %s, and %s has the client since %s", e.Fullest, p.now, r.ID, since)
		}
		if drained = append(drained, p.now); first == "" {
			first = r.Name
		}
		r.ID = fmt.Sprintf("%s-%d", r.Name, len(drained)) // its successor
		on, since = (on+1)%3, p.now
	}
	if len(drained) != 3 {
		t.Fatalf("drained at %v, want once in eight hours", drained)
	}
	for i := range drained[1:] {
		if drained[i+1].Sub(drained[i]) < 8*time.Hour {
			t.Errorf("drained at %v", drained)
		}
	}
}

// A load that has gone to another replica by itself has been there for no longer than that.
func TestALoadThatMovesIsNotLongThere(t *testing.T) {
	p := of(3, wide())
	var was replicas.Uneven
	var e replicas.Evenness
	full := func(on int, length time.Duration) {
		for end := p.now.Add(length); p.now.Before(end); {
			each(func(r *replicas.Replica) { r.Watches = 30 })(p)
			p.seen.Replicas[on].Watches = 140
			p.look()
			e, was = replicas.Even(p.seen, 0.001, p.memory, was, p.now)
		}
	}
	full(0, 9*time.Minute)
	full(1, 9*time.Minute)
	if e.Fullest != "kas-1" || e.Long || e.Remedy != replicas.NoRemedy {
		t.Errorf("nine minutes after it has moved %+v", e)
	}
	full(1, 2*time.Minute)
	if e.Remedy != replicas.Drain || e.Words != "kas-1 has 140 of the watches, 2.1 times the mean" {
		t.Errorf("eleven minutes after it has moved %+v", e)
	}
}

// Whoever goes when it was to be drained counts, and nobody counts of whom that was not
// said, or of whom it is not known.
func TestWhoWasDrained(t *testing.T) {
	for name, c := range map[string]struct {
		goes func(p *controlPlane)
		want string
	}{
		"the one that was to be drained": {func(p *controlPlane) { p.seen.Replicas[0].ID = "its successor" }, "kas-0"},
		"another":                        {func(p *controlPlane) { p.seen.Replicas[1].ID = "its successor" }, ""},
		"it is not seen which they are": {func(p *controlPlane) {
			for i := range p.seen.Replicas {
				p.seen.Replicas[i].ID = "name " + p.seen.Replicas[i].Name
			}
		}, ""},
	} {
		p := of(3, wide())
		each(func(r *replicas.Replica) { r.Watches = 30 })(p)
		p.seen.Replicas[0].Watches = 140
		var was replicas.Uneven
		for range 12 * 11 {
			p.look()
			_, was = replicas.Even(p.seen, 0.001, p.memory, was, p.now)
		}
		c.goes(p)
		p.look()
		if _, was = replicas.Even(p.seen, 0.001, p.memory, was, p.now); was.Drained.Name != c.want {
			t.Errorf("%s: %+v has been drained, want %q", name, was.Drained, c.want)
		}
	}
}

// Of two that are as full the one that was the fuller first stays the one that is told of:
// else none would be for ten minutes.
func TestTwoThatAreAsFull(t *testing.T) {
	p := of(9, wide())
	each(func(r *replicas.Replica) { r.Watches = 10 })(p)
	var was replicas.Uneven
	var e replicas.Evenness
	for i := range 12 * 11 {
		p.seen.Replicas[0].Watches, p.seen.Replicas[1].Watches = 300+float64(i%2), 300+float64((i+1)%2)
		p.look()
		e, was = replicas.Even(p.seen, 0.001, p.memory, was, p.now)
	}
	if !e.Long || e.Remedy != replicas.Drain {
		t.Errorf("after eleven minutes %+v", e)
	}
}
