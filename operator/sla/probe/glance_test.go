// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// leastApart is how far apart rounds are that have glances between them each time: a tenth
// less, and a round that takes its time, leave the six seconds that it takes.
const leastApart = 8 * time.Second

// An outage is seen to begin, and to end, by a glance, and the round that tells of it says
// since when.
func TestGlances(t *testing.T) {
	t.Parallel()
	s, ill := ailing(t)
	a := trusting(t, s)
	rounds := watching(t, func(types.NamespacedName) (probe.Subject, error) {
		one := subject(a, s)
		one.Every = leastApart
		return one, nil
	}, "acme")
	for _, c := range []struct {
		ill     bool
		verdict sla.Verdict
	}{{false, sla.Up}, {true, sla.Down}, {false, sla.Up}} {
		ill.Store(c.ill)
		changed := time.Now()
		r := await(t, rounds, string(c.verdict), func(r told) bool { return r.round.Verdict == c.verdict && !r.round.Glance }).round
		if first := !c.ill && r.Since.IsZero(); !first && (r.Since.Before(changed) || r.Since.After(r.At) || r.At.Sub(r.Since) > 3*time.Second) {
			t.Errorf("%s by the round of %s, since %s; it has been since %s", c.verdict, r.At, r.Since, changed)
		}
		// The round after a change comes after 3 s, without glances.
		await(t, rounds, "a round after it", func(r told) bool { return r.round.Verdict == c.verdict && !r.round.Glance })
		g := await(t, rounds, "a glance", func(r told) bool { return r.round.Glance }).round
		if g.Verdict != c.verdict || len(g.Probes) != 0 || c.ill != strings.Contains(g.Why, "answered 500") {
			t.Errorf("the glance is %+v", g)
		}
	}
}

// A glance that is wrong costs one round, and no other glance until the next.
func TestAGlanceThatIsWrong(t *testing.T) {
	t.Parallel()
	var ready atomic.Bool
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		if round := ready.Swap(r.URL.Path == "/readyz"); r.URL.Path != "/readyz" && !round {
			w.WriteHeader(http.StatusInternalServerError) // a read with no other question before it
		}
	})
	a := trusting(t, s)
	rounds := watching(t, func(types.NamespacedName) (probe.Subject, error) {
		one := subject(a, s)
		one.Every = leastApart
		return one, nil
	}, "acme")
	var upheld time.Time
	for range 20 {
		r := await(t, rounds, "up", func(told) bool { return true }).round
		if r.Verdict != sla.Up || r.Glance {
			t.Fatalf("a wrong glance is believed: %+v", r)
		}
		if !upheld.IsZero() {
			if apart := r.At.Sub(upheld); apart < leastApart*8/10 || !r.Since.IsZero() {
				t.Errorf("the round after one that a glance brought came %s later, since %s", apart, r.Since)
			}
			return
		}
		if !r.Since.IsZero() {
			upheld = r.At
		}
	}
	t.Error("no glance brought a round")
}
