// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// watching starts a watch over some control planes; what find says of them is asked anew
// before every round.
func watching(t *testing.T, find func(types.NamespacedName) (probe.Subject, error), names ...string) chan told {
	t.Helper()
	rounds := make(chan told, 1000)
	w := &probe.Watch{
		Now:  time.Now,
		Find: func(_ context.Context, key types.NamespacedName) (probe.Subject, error) { return find(key) },
		Told: func(key types.NamespacedName, r probe.Round) { rounds <- told{key.Name, r} },
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := w.Start(ctx); err != nil {
			t.Error(err)
		}
	}()
	for _, name := range names {
		w.Set(types.NamespacedName{Namespace: "fleet", Name: name})
	}
	t.Cleanup(func() { cancel(); <-ended })
	return rounds
}

type told struct {
	name  string
	round probe.Round
}

// await is the first round of a control plane that fits.
func await(t *testing.T, rounds chan told, what string, fits func(told) bool) told {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		select {
		case r := <-rounds:
			if fits(r) {
				return r
			}
		case <-timeout:
			t.Fatalf("never %s", what)
		}
	}
}

func subject(a *access.Access, s *httptest.Server) probe.Subject {
	return probe.Subject{Access: a, Targets: []probe.Target{{Replica: "r0", Address: s.Listener.Addr().String()}}, Ready: 1, Served: true, Every: time.Second}
}

// ailing is a server that answers everybody with a 500 while it is ill.
func ailing(t *testing.T) (s *httptest.Server, ill *atomic.Bool) {
	t.Helper()
	ill = &atomic.Bool{}
	return server(t, func(w http.ResponseWriter, _ *http.Request) {
		if ill.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}), ill
}

// What is asked goes with what the host cluster says, round by round; an outage and its end
// are seen.
func TestRounds(t *testing.T) {
	t.Parallel()
	s, ill := ailing(t)
	a := trusting(t, s)
	rounds := watching(t, func(types.NamespacedName) (probe.Subject, error) { return subject(a, s), nil }, "acme")
	is := func(v sla.Verdict) func(told) bool { return func(r told) bool { return r.round.Verdict == v } }
	if r := await(t, rounds, "up", is(sla.Up)); len(r.round.Probes) != 2 || r.round.Expires.IsZero() {
		t.Errorf("%+v", r)
	}
	ill.Store(true)
	if r := await(t, rounds, "down", is(sla.Down)); !strings.Contains(r.round.Why, "r0: Ready is answered 500") {
		t.Errorf("%+v", r)
	}
	ill.Store(false)
	await(t, rounds, "up again", is(sla.Up))
}

// One that cannot be found is blind and not down, one whose replicas are gone is down but not
// while it is being made, and one that is scaled to nothing is neither.
func TestWhatIsThereToBeAsked(t *testing.T) {
	t.Parallel()
	s := server(t, func(http.ResponseWriter, *http.Request) {})
	a := trusting(t, s)
	rounds := watching(t, func(key types.NamespacedName) (probe.Subject, error) {
		switch key.Name {
		case "lost":
			return probe.Subject{}, errors.New("there is no Secret")
		case "gone":
			return probe.Subject{Access: a, Missing: "none of 3 replicas runs", Served: true, Every: time.Second}, nil
		case "new":
			return probe.Subject{Access: a, Missing: "none of 3 replicas runs", Every: time.Second}, nil
		default:
			return probe.Subject{Access: a, Asleep: true, Missing: "none of 0 replicas runs", Served: true, Every: time.Second}, nil
		}
	}, "lost", "gone", "new", "asleep")
	want := map[string]struct {
		v   sla.Verdict
		why string
	}{
		"lost": {sla.Blind, "there is no Secret"}, "gone": {sla.Down, "none of 3 replicas runs"},
		"new": {sla.Blind, "it has not served yet: none of 3 replicas runs"}, "asleep": {sla.Blind, "it is scaled to nothing"},
	}
	for range 4 {
		r := await(t, rounds, "told of all", func(r told) bool { _, left := want[r.name]; return left })
		if w := want[r.name]; r.round.Asleep != (r.name == "asleep") || r.round.Verdict != w.v || r.round.Why != w.why {
			t.Errorf("%s: %+v", r.name, r.round)
		}
		delete(want, r.name)
	}
}

// Silence is an outage where another control plane answers, and no knowledge where nobody
// does although the host cluster calls replicas ready.
func TestSilenceOnTheWay(t *testing.T) {
	t.Parallel()
	s := server(t, func(http.ResponseWriter, *http.Request) {})
	a := trusting(t, s)
	full := unanswered(t)
	var other atomic.Bool
	rounds := watching(t, func(key types.NamespacedName) (probe.Subject, error) {
		if key.Name == "other" && other.Load() {
			return subject(a, s), nil
		}
		return probe.Subject{Access: a, Targets: []probe.Target{{Replica: "r0", Address: full}}, Ready: 1, Served: true, Every: time.Second}, nil
	}, "mine", "other")
	r := await(t, rounds, "blind", func(r told) bool { return r.name == "mine" })
	if r.round.Verdict != sla.Blind || !strings.Contains(r.round.Why, "the way there is taken for broken") {
		t.Errorf("%+v", r)
	}
	other.Store(true)
	await(t, rounds, "down, as another answers", func(r told) bool { return r.name == "mine" && r.round.Verdict == sla.Down })
}

// A connection that is kept and dies without a word is not believed for long: the round after
// the one that it cost is dialed anew. Who alone says nothing over it is silent, and not down.
func TestAKeptConnectionThatDies(t *testing.T) {
	t.Parallel()
	s := server(t, func(http.ResponseWriter, *http.Request) {})
	a := trusting(t, s)
	way := swallowing(t, s.Listener.Addr().String())
	rounds := watching(t, func(types.NamespacedName) (probe.Subject, error) {
		return probe.Subject{Access: a, Targets: []probe.Target{{Replica: "r0", Address: way.address}}, Ready: 1, Served: true, Every: time.Second}, nil
	}, "acme")
	is := func(v sla.Verdict) func(told) bool { return func(r told) bool { return r.round.Verdict == v } }
	await(t, rounds, "up", is(sla.Up))
	way.swallow()
	if r := await(t, rounds, "not up", func(r told) bool { return r.round.Verdict != sla.Up }); r.round.Verdict != sla.Blind || !sla.Silent(r.round.Probes) {
		t.Errorf("%+v", r)
	}
	if r := <-rounds; r.round.Verdict != sla.Up {
		t.Errorf("the round after it is %+v", r)
	}
}
