// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/prometheus/rules"
)

// epoch is when every story begins, in seconds.
const epoch = 1793491200

// closeScrape is how often everything is scraped in a phase that is looked at closely, in seconds.
const closeScrape = 15

// clock is when in a period things happen, in seconds. The times of rounds, scrapes and
// evaluations have nothing to do with each other.
type clock struct {
	round, scrape, evaluate int
	// answer is how long after its begin it is known of a round that it failed.
	answer int
}

// late9 is nearly the worst: what happens at a full minute is met 9 s later, is told of after
// each scrape that it could have been in, and is evaluated just before the next.
var late9 = clock{round: 9, scrape: 8, evaluate: 7, answer: 5}

// firing is one alert that fired, first and last, in seconds from the begin.
type firing struct {
	fired
	namespace, name string
	first, last     int
	// stops is how often it stopped in between.
	stops int
	text  string
}

// theater plays a fixture: a Prometheus with the rules, and what it scrapes.
type theater struct {
	fixture fixture
	clock   clock
	// coarse is the least time between two evaluations of a group: no oftener than it is scraped.
	coarse time.Duration
	// keep says which alerts are evaluated; all where it is nil. Alone are Evenkeel's rules,
	// without the usual one; bare is without what is recorded.
	keep        func(group, severity, name string) bool
	alone, bare bool
	// calmUntil is the second until which nothing happens.
	calmUntil int
	store     *store
	groups    []*rules.Group
	files     []string
	plants    []*plant
	// pods are the operator replicas that have run so far: those are scraped.
	pods  []string
	fired map[string]*firing
	// counted is the second until which requests are counted, and evaluated when each group last was.
	counted   int
	evaluated map[string]int
}

// play plays a fixture by a clock under the rules of a file, and tells what fired.
func play(f fixture, at clock, ruleFile string) ([]firing, error) {
	t := theater{fixture: f, clock: at, coarse: time.Duration(max(f.Scrape, f.Evaluate))}
	if slices.ContainsFunc(f.Phases, func(p phase) bool { return p.Fault }) {
		t.calmUntil = int(f.faultAt()/time.Second) - 120
	}
	return t.play(ruleFile)
}

func (t *theater) play(ruleFile string) ([]firing, error) {
	s, err := newStore()
	if err != nil {
		return nil, err
	}
	defer s.close()
	t.store, t.files, t.fired = s, []string{ruleFile}, map[string]*firing{}
	t.evaluated = map[string]int{}
	if !t.alone {
		peer := filepath.Join(s.dir, "usual.yaml")
		if err := writeUsual(peer, t.fixture.Target); err != nil {
			return nil, err
		}
		t.files = append(t.files, peer)
	}
	if err := t.load(); err != nil {
		return nil, err
	}
	for i := range max(t.fixture.Tenants, 1) {
		name := t.fixture.Name
		if i > 0 {
			name = fmt.Sprintf("other-%d", i)
		}
		p := newPlant("tenant", name, t.fixture.Target)
		t.plants = append(t.plants, p)
	}
	began := 0
	for _, p := range t.fixture.Phases {
		end := began + int(time.Duration(p.For)/time.Second)
		if err := t.phase(began, end, merged(t.fixture.Base, p)); err != nil {
			return nil, fmt.Errorf("%s: %w", t.fixture.Key, err)
		}
		began = end
	}
	out := make([]firing, 0, len(t.fired))
	for _, f := range t.fired {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b firing) int { return a.first - b.first })
	return out, nil
}

// phase plays a phase second by second.
func (t *theater) phase(began, end int, now phase) error {
	scrape := int(time.Duration(t.fixture.Scrape) / time.Second)
	if now.Closely {
		scrape = min(scrape, closeScrape)
	}
	for _, pod := range now.runs() {
		if !slices.Contains(t.pods, pod) {
			t.pods = append(t.pods, pod)
		}
	}
	for i, p := range t.plants {
		p.begin(began, t.here(i, now))
	}
	for at := began; at < end; at++ {
		scrapes := at%scrape == t.clock.scrape%scrape
		for i, p := range t.plants {
			if at%roundEvery == t.clock.round%roundEvery {
				p.round(at, t.clock.answer, t.here(i, now))
			}
			if scrapes {
				p.pass(float64(at-t.counted), t.here(i, now))
			}
		}
		if scrapes {
			t.counted = at
		}
		if now.Prometheus == "down" {
			continue
		}
		if scrapes {
			if err := t.scrape(at, began, now); err != nil {
				return err
			}
		}
		if err := t.evaluate(at, now.Closely); err != nil {
			return err
		}
	}
	if now.Prometheus == "down" {
		return t.load()
	}
	return nil
}

// here is what happens to one of the control planes.
func (t *theater) here(i int, now phase) phase {
	if i == 0 || t.fixture.All {
		return now
	}
	base := t.fixture.Base
	base.operators = now.operators
	return base
}
