// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// curves are a profile for tests, whatever is shipped.
func curves() *sizing.Profile {
	return &sizing.Profile{
		Name: "test", Revision: "1",
		APIServer: sizing.Needs{CPU: sizing.Curve{Base: 0.1, Each: sizing.Drivers{Nodes: 0.001}, Error: 0.1}, Memory: sizing.Curve{Base: 3e8, Each: sizing.Drivers{Pods: 1e5}, Error: 0.1}},
		Etcd:      sizing.Needs{CPU: sizing.Curve{Base: 0.05, Each: sizing.Drivers{Nodes: 0.0003}, Error: 0.1}, Memory: sizing.Curve{Base: 6e7, Each: sizing.Drivers{Bytes: 3}, Error: 0.1}},
	}
}

// The same seed makes the same traces, another makes others, and all are amounts that a
// container can use.
func TestTracesRepeat(t *testing.T) {
	one, again, other := set(2, curves()), set(2, curves()), set(3, curves())[2*2*9:]
	if len(one) != 2*2*9 || len(other) != 2*9 {
		t.Fatalf("%d traces of two seeds, and %d of the third", len(one), len(other))
	}
	for i := range one {
		if !slices.Equal(one[i].minutes, again[i].minutes) {
			t.Errorf("%s of %s differs when it is made again", one[i].name, one[i].component)
		}
		for at := range one[i].minutes {
			cpu, memory := one[i].minutes[at].busiest()
			if !(cpu > 0.001 && cpu < 50 && memory > 1e6 && memory < 1e12) {
				t.Fatalf("%s of %s uses %g cores and %g bytes in minute %d", one[i].name, one[i].component, cpu, memory, at)
			}
		}
	}
	if slices.Equal(one[0].minutes, other[0].minutes) {
		t.Error("another seed makes the same trace")
	}
}

// fixed always requests the same, until it is killed.
type fixed struct {
	has   amounts
	kills int
}

func (f *fixed) start(time.Time, sizing.Drivers) amounts    { return f.has }
func (f *fixed) minute(time.Time, *minute) amounts          { return f.has }
func (f *fixed) killed(time.Time, float64, *minute) amounts { f.kills++; return f.has }

func using(cpu, memory float64, minutes int) (m []minute) {
	for range minutes {
		m = append(m, minute{cpu: [replicas]float64{cpu, cpu / 2, 0}, memory: [replicas]float64{memory, memory, 0}})
	}
	return m
}

func TestScoring(t *testing.T) {
	tr := trace{minutes: append(using(1, 1e9, 30), using(4, 1e9, 30)...)}
	o := play(&tr, &fixed{has: amounts{2, 4e9}})
	if got := o.slackCPU / float64(o.minutes); math.Abs(got-0.25) > 1e-9 {
		t.Errorf("CPU slack %g, want a half in one half and none in the other", got)
	}
	if got := o.slackMemory / float64(o.minutes); math.Abs(got-0.75) > 1e-9 {
		t.Errorf("memory slack %g", got)
	}
	if o.coveredCPU != 30 || o.coveredMemory != 60 || o.ooms != 0 || o.minutes != 60 {
		t.Errorf("%+v", o)
	}
}

// A container that is killed again and again is down for 1, 2, 4, 5, 5 minutes.
func TestBackOff(t *testing.T) {
	f := &fixed{has: amounts{2, 1e9}}
	tr := trace{minutes: using(1, 2e9, 1+1+1+2+1+4+1+5+1+5)}
	if o := play(&tr, f); o.ooms != 5 || f.kills != 5 || o.minutes != 5 {
		t.Errorf("%d kills in %d scored minutes", o.ooms, o.minutes)
	}
}

// Upstream is applied at once outside its bounds, else after twelve hours and for a tenth.
func TestUpstreamIsAppliedByItsUpdatersRules(t *testing.T) {
	u, err := newUpstream()
	if err != nil {
		t.Fatal(err)
	}
	u.start(begin, sizing.Drivers{})
	m := using(0.5, 1<<30, 1)[0]
	var changed []int
	has := u.has
	for i := range 3 * perDay {
		if now := u.minute(begin.Add(time.Duration(i+1)*time.Minute), &m); now != has {
			changed, has = append(changed, i+1), now
		}
	}
	if len(changed) == 0 || changed[0] < 12*60 {
		t.Errorf("changed at minutes %v from a request within its bounds", changed)
	}
	if math.Abs(has.cpu-0.575) > 0.06 {
		t.Errorf("in the end it requests %g cores of 0.5 and 15 %%", has.cpu)
	}
}

// Evenkeel covers a step in two minutes, upstream its memory.
func TestStep(t *testing.T) {
	s := playStep(1, newEvenkeel(sizing.APIServer, flatProfile()))
	if s.cpu < 0 || s.cpu > 2 || s.memory < 0 || s.memory > 2 || s.back < 1 || s.back > 6 {
		t.Errorf("%+v", s)
	}
}

// Every figure that the report must hold is there, by the names that others rely on.
func TestNames(t *testing.T) {
	r := &report.Report{}
	if err := addSteps(r); err != nil {
		t.Fatal(err)
	}
	traces := set(1, curves())[:2]
	played, err := playSet(traces, curves())
	if err != nil {
		t.Fatal(err)
	}
	addSet(r, played)
	for _, who := range []string{byEvenkeel, byUpstream} {
		for _, name := range []string{"step_cpu_minutes", "step_memory_minutes", "release_hours", "slack_cpu", "slack_memory", "covered", "ooms", "changes_per_day"} {
			if _, ok := r.Figure(figure(who, name)); !ok {
				t.Errorf("%s is missing: %v", figure(who, name), r.Missing)
			}
		}
	}
	if rows := bars(r).Rows; len(rows) != len(aims()) {
		t.Errorf("%d rows", len(rows))
	}
}

// A fleet goes on from what it has kept.
func TestFleetsRestart(t *testing.T) {
	for name, empty := range map[string]func() fleet{byEvenkeel: newEvenkeelFleet, byUpstream: newUpstreamFleet} {
		t.Run(name, func(t *testing.T) {
			f := empty()
			f.roll(3, 0)
			now := begin
			for range 10 {
				now = now.Add(time.Minute)
				f.sample(now)
				f.loop(now)
			}
			again := f.restart()
			again.sample(now.Add(time.Minute))
			again.loop(now.Add(time.Minute))
			if e, ok := again.(*evenkeelFleet); ok {
				if n := len(e.fleet.Namespaces()); n != 3 || e.written == 0 {
					t.Errorf("it knows %d namespaces and has written %d bytes", n, e.written)
				}
			}
			if u, ok := again.(*upstreamFleet); ok && len(u.cluster.VPAs()) != 3*vpasEach {
				t.Errorf("%d VerticalPodAutoscalers", len(u.cluster.VPAs()))
			}
		})
	}
}
