// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// OverloadBed is what all overload scenarios are played on, one after another.
type OverloadBed struct {
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Tenant      Tenant  `json:"tenant"`
	Victims     Victims `json:"victims"`
	// Scenarios are played in this order: files of these names beside the bed's.
	Scenarios []string `json:"scenarios"`
	MemoryGiB float64  `json:"memoryGiB"`

	// Played are the scenarios themselves.
	Played []*Overload `json:"-"`
}

// Overload is a load that is too much for a control plane, or nearly so, without one
// client to blame.
type Overload struct {
	// Name stands in the names of figures, as in overload.crowd.settle_seconds.
	Name        string `json:"name"`
	Description string `json:"description"`
	// Load is what is let loose. A scenario has it or Traces.
	Load *LoadSpec `json:"load,omitempty"`
	// Traces are busy but healthy loads, under which nothing is to be done.
	Traces []Trace `json:"traces,omitempty"`
	// FsyncDelay makes the disks of etcd slow while the load is on.
	FsyncDelay metav1.Duration `json:"fsyncDelay,omitempty"`
	// Sweep says which load lines are tried by hand.
	Sweep  Sweep          `json:"sweep,omitempty"`
	Phases OverloadPhases `json:"phases"`
}

// Trace is one healthy load.
type Trace struct {
	Name string   `json:"name"`
	Load LoadSpec `json:"load"`
}

// Sweep says which load lines are tried by hand: so many from Least, or the lowest that
// can be held, to the ceiling, each the same multiple of the one before, and then Around more beside the best.
type Sweep struct {
	Least  int `json:"least"`
	Values int `json:"values"`
	Around int `json:"around"`
}

// OverloadPhases are the lengths of a scenario's parts.
type OverloadPhases struct {
	Quiet metav1.Duration `json:"quiet,omitempty"`
	// Saturate is the start of the load that is not measured: it grows and the queues
	// fill. It is the same whatever the tenant is set to.
	Saturate metav1.Duration `json:"saturate,omitempty"`
	// Default is what is measured with upstream's defaults; of a healthy trace, how
	// long it is played each time.
	Default metav1.Duration `json:"default"`
	// Each is measured at every line that is held by hand, after Saturate.
	Each metav1.Duration `json:"each,omitempty"`
	// Evenkeel is the whole load under Evenkeel, Steady the end of it, in which the
	// line is to be steady.
	Evenkeel metav1.Duration `json:"evenkeel,omitempty"`
	Steady   metav1.Duration `json:"steady,omitempty"`
	// Calm is the most that is waited for the victims to recover.
	Calm metav1.Duration `json:"calm"`
}

// scenarioName is what a name may be, as it stands in those of figures.
var scenarioName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// LoadOverload reads and checks a bed and all of its scenarios.
func LoadOverload(path string) (*OverloadBed, error) {
	bed := &OverloadBed{}
	if err := strict(path, bed); err != nil {
		return nil, err
	}
	for _, name := range bed.Scenarios {
		if !scenarioName.MatchString(name) {
			return nil, fmt.Errorf("the bed %s: %q is no name of a scenario", path, name)
		}
		file := filepath.Join(filepath.Dir(path), name+".yaml")
		o := &Overload{}
		if err := strict(file, o); err != nil {
			return nil, err
		}
		err := o.check()
		if o.Name != name {
			err = errors.Join(err, fmt.Errorf("name is %q, and the file's %q", o.Name, name))
		}
		if err != nil {
			return nil, fmt.Errorf("the scenario %s: %w", file, err)
		}
		bed.Played = append(bed.Played, o)
	}
	if err := bed.check(); err != nil {
		return nil, fmt.Errorf("the bed %s: %w", path, err)
	}
	return bed, nil
}

func strict(path string, into any) error {
	raw, err := os.ReadFile(path) //nolint:gosec // the person who runs the bench names the file
	if err != nil {
		return fmt.Errorf("reading the scenario: %w", err)
	}
	if len(raw) > maxFile {
		return fmt.Errorf("reading the scenario %s: larger than %d bytes", path, maxFile)
	}
	if err := yaml.UnmarshalStrict(raw, into); err != nil {
		return fmt.Errorf("reading the scenario %s: %w", path, err)
	}
	return nil
}

func (b *OverloadBed) check() error {
	c := &checks{}
	c.tenant(b.Tenant)
	c.victims(b.Victims)
	c.positive("scenarios", float64(len(b.Played)))
	return c.err()
}

func (o *Overload) check() error {
	c := &checks{}
	p := o.Phases
	c.length("phases.default", p.Default.Duration)
	c.length("phases.calm", p.Calm.Duration)
	if (o.Load == nil) == (len(o.Traces) == 0) {
		c.add(errors.New("a scenario has either a load or traces"))
	}
	c.atMost("traces", float64(len(o.Traces)), 20)
	for i, t := range o.Traces {
		if !scenarioName.MatchString(t.Name) {
			c.add(fmt.Errorf("traces[%d].name: %q is no name", i, t.Name))
		}
		t.Load.check(c, fmt.Sprintf("traces[%d].load", i))
	}
	c.atMost("fsyncDelay in seconds", o.FsyncDelay.Seconds(), 1)
	if o.Load == nil {
		return c.err()
	}
	o.Load.check(c, "load")
	for name, d := range map[string]time.Duration{
		"phases.quiet": p.Quiet.Duration, "phases.saturate": p.Saturate.Duration,
		"phases.each": p.Each.Duration, "phases.evenkeel": p.Evenkeel.Duration, "phases.steady": p.Steady.Duration,
	} {
		c.length(name, d)
	}
	if p.Saturate.Duration+p.Steady.Duration > p.Evenkeel.Duration {
		c.add(errors.New("phases.evenkeel must have room for saturate and steady"))
	}
	c.positive("sweep.least", float64(o.Sweep.Least))
	c.positive("sweep.values", float64(o.Sweep.Values))
	c.atMost("sweep.values", float64(o.Sweep.Values), 12)
	c.atMost("sweep.around", float64(o.Sweep.Around), 4)
	return c.err()
}

// Stretch makes every measured part of every scenario so many times as long: less than
// one shortens a run, and its figures say less.
func (b *OverloadBed) Stretch(by float64) {
	for _, o := range b.Played {
		p := &o.Phases
		for _, d := range []*metav1.Duration{&p.Quiet, &p.Saturate, &p.Default, &p.Each, &p.Evenkeel, &p.Steady} {
			d.Duration = time.Duration(float64(d.Duration) * by)
		}
	}
}
