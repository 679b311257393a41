// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// The replica that fails its reads while another serves is known by name, with the phase and
// the time; a round that cannot ask leaves that as it was, and what is scaled to nothing, or
// asked no more, has none.
func TestTheLastProbesOfEveryDoor(t *testing.T) {
	t.Parallel()
	good := server(t, func(http.ResponseWriter, *http.Request) {})
	ill := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	one := subject(trusting(t, good), good)
	one.Targets = append(one.Targets, probe.Target{Replica: "r1", Address: ill.Listener.Addr().String()})
	var lost, asleep atomic.Bool
	rounds := make(chan probe.Round, 1000)
	w := &probe.Watch{
		Now: time.Now,
		Find: func(context.Context, types.NamespacedName) (probe.Subject, error) {
			if lost.Load() {
				return probe.Subject{}, errors.New("there is no Secret")
			}
			s := one
			s.Asleep = asleep.Load()
			return s, nil
		},
		Told: func(_ types.NamespacedName, r probe.Round) { rounds <- r },
	}
	key := types.NamespacedName{Namespace: "fleet", Name: "acme"}
	begin := time.Now()
	go func() { _ = w.Start(t.Context()) }()
	w.Set(key)
	<-rounds
	want := map[string]string{"r0 Ready": "Served Done", "r0 Read": "Served Done", "r1 Ready": "Served Done", "r1 Read": "Failed Body"}
	is := func(when string) {
		t.Helper()
		got := w.Last(key)
		for _, p := range got {
			if came := string(p.Result) + " " + string(p.Phase); want[p.Replica+" "+string(p.Question)] != came || p.At.Before(begin) {
				t.Errorf("%s, %s of %s is %s, as of %s", when, p.Question, p.Replica, came, p.At)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s, %d probes are known: %+v", when, len(got), got)
		}
	}
	is("after a round")
	lost.Store(true)
	for r := range rounds {
		if r.Why == "there is no Secret" {
			break
		}
	}
	is("when it could not be asked")
	lost.Store(false)
	asleep.Store(true)
	for r := range rounds {
		if r.Asleep {
			break
		}
	}
	want = nil
	is("when it is scaled to nothing")
	asleep.Store(false)
	for r := range rounds {
		if r.Verdict == sla.Up {
			break
		}
	}
	w.Drop(key)
	is("when it is asked no more")
}
