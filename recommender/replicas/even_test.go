// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas_test

import (
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
