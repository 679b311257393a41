// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// The players, as their figures are named.
const (
	byEvenkeel   = "evenkeel"
	byUnprofiled = "unprofiled"
	byUpstream   = "upstream"
)

var players = []struct{ name, title string }{
	{byEvenkeel, "Evenkeel"}, {byUnprofiled, "Evenkeel without a profile"}, {byUpstream, "upstream"},
}

func newPlayer(name string, c sizing.Component, p *sizing.Profile) (player, error) {
	switch name {
	case byEvenkeel:
		return newEvenkeel(c, p), nil
	case byUnprofiled:
		return newEvenkeel(c, nil), nil
	default:
		return newUpstream()
	}
}

// set are the traces: each shape for both components, by several seeds.
func set(seeds int, p *sizing.Profile) (all []trace) {
	for seed := range uint64(seeds) { //nolint:gosec // a handful
		for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
			for _, s := range shapes(rand.New(rand.NewPCG(seed, shapesStream))) { //nolint:gosec // traces repeat from their seed
				all = append(all, newMaker(seed, c, p).make(s))
			}
		}
	}
	return all
}

// shapesStream keeps the shapes' numbers apart from the noise.
const shapesStream = 7

// sum is what came of all traces of one name, as parts and means of each.
type sum struct {
	slackCPU, slackMemory, coveredCPU, coveredMemory, changes float64
	ooms, traces, days                                        int
}

func (s *sum) add(o outcome) {
	n := float64(o.minutes)
	s.slackCPU += o.slackCPU / n
	s.slackMemory += o.slackMemory / n
	s.coveredCPU += float64(o.coveredCPU) / n
	s.coveredMemory += float64(o.coveredMemory) / n
	s.changes += float64(o.changes)
	s.ooms += o.ooms
	s.traces++
	s.days += o.days
}

// mean is the sum with its parts as means of the traces, and its changes of the days; kills
// stay added up. A recording has no whole day.
func (s sum) mean() sum {
	n := float64(s.traces)
	return sum{s.slackCPU / n, s.slackMemory / n, s.coveredCPU / n, s.coveredMemory / n, s.changes / max(float64(s.days), 1), s.ooms, s.traces, s.days}
}

// covered is the part of the minutes of both kinds in which nothing more was used.
func (s sum) covered() float64 { return (s.coveredCPU + s.coveredMemory) / 2 }

// result is what came of the set, by player and by trace.
type result struct {
	all, steady map[string]sum
	byTrace     map[string]map[string]sum
	names       []string
}

// playSet has every player size every trace, two at a time.
func playSet(traces []trace, p *sizing.Profile) (result, error) {
	r := result{all: map[string]sum{}, steady: map[string]sum{}, byTrace: map[string]map[string]sum{}}
	var mu sync.Mutex
	var failed error
	var group sync.WaitGroup
	free := make(chan struct{}, 2)
	for i := range traces {
		t := &traces[i]
		if r.byTrace[t.name] == nil {
			r.byTrace[t.name] = map[string]sum{}
			r.names = append(r.names, t.name)
		}
		for _, who := range players {
			group.Go(func() {
				free <- struct{}{}
				defer func() { <-free }()
				pl, err := newPlayer(who.name, t.component, p)
				var o outcome
				if err == nil {
					o = play(t, pl)
				}
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed = fmt.Errorf("playing %s: %w", t.name, err)
					return
				}
				add(r.all, who.name, o)
				add(r.byTrace[t.name], who.name, o)
				if t.steady {
					add(r.steady, who.name, o)
				}
			})
		}
	}
	group.Wait()
	return r, failed
}

func add(to map[string]sum, who string, o outcome) {
	s := to[who]
	s.add(o)
	to[who] = s
}
