// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// verdict is whether a fixture went as it must.
type verdict struct {
	fixture fixture
	// wrong is what did not, in words; said is what Evenkeel's rules said.
	wrong []string
	said  []string
	// falsePages are those that were not due.
	falsePages int
	// usualFired tells whether the usual rule said anything, usualRight whether it was right
	// to, and usualAfter how long after the fault.
	usualFired, usualRight bool
	usualAfter             time.Duration
	// down is how long after the fault the page about an outage came; 0 where none did.
	down time.Duration
}

func (v verdict) right() bool { return len(v.wrong) == 0 }

// judge compares what fired with what is due.
func judge(f fixture, all []firing) (verdict, error) {
	v := verdict{fixture: f}
	due, err := f.due()
	if err != nil {
		return v, err
	}
	fault := f.faultAt()
	var ours []firing
	for _, one := range all {
		if one.fired.name == usualName {
			if !v.usualFired {
				v.usualFired, v.usualAfter = true, time.Duration(one.first)*time.Second-fault
			}
			continue
		}
		ours = append(ours, one)
		if one.fired.name == "EvenkeelControlPlaneDown" && v.down == 0 {
			v.down = time.Duration(one.first)*time.Second - fault
		}
	}
	v.usualRight = v.usualFired == f.Unserved
	v.said = names(ours)
	for _, e := range due {
		v.check(e, fault, ours)
	}
	for _, one := range ours {
		if !v.allowed(one, due) {
			v.wrong = append(v.wrong, fmt.Sprintf("%s of %q fired %s after the fault and is not due", one.fired, one.name, time.Duration(one.first)*time.Second-fault))
			if one.severity == "page" {
				v.falsePages++
			}
		}
	}
	return v, nil
}

// check looks for what is due on each control plane that it happens to.
func (v *verdict) check(e expected, fault time.Duration, all []firing) {
	seen, stops := map[string]time.Duration{}, map[string]int{}
	for _, one := range all {
		if one.fired == e.alert {
			stops[one.name] += one.stops
			if at, ok := seen[one.name]; !ok || time.Duration(one.first)*time.Second < at {
				seen[one.name] = time.Duration(one.first) * time.Second
			}
		}
	}
	due := []string{v.fixture.Name}
	if v.fixture.All {
		for i := 1; i < v.fixture.Tenants; i++ {
			due = append(due, fmt.Sprintf("other-%d", i))
		}
	}
	for _, name := range due {
		at, ok := seen[name]
		if !ok {
			at, ok = seen[""] // one about the operator has no control plane
		}
		switch {
		case !ok:
			v.wrong = append(v.wrong, fmt.Sprintf("%s of %q did not fire", e.alert, name))
		case e.once && stops[name] > 0:
			v.wrong = append(v.wrong, fmt.Sprintf("%s of %q stopped %d times", e.alert, name, stops[name]))
		case at < fault || at-fault > e.within:
			v.wrong = append(v.wrong, fmt.Sprintf("%s of %q fired %s after the fault, due within %s", e.alert, name, at-fault, e.within))
		}
	}
}

// allowed tells whether an alert that fired is due or may be.
func (v *verdict) allowed(one firing, due []expected) bool {
	if one.name != "" && one.name != v.fixture.Name && !v.fixture.All {
		return false
	}
	return slices.ContainsFunc(due, func(e expected) bool {
		return e.alert == one.fired || e.alert.name == one.fired.name && e.alert.severity == "page"
	}) ||
		slices.ContainsFunc(v.fixture.May, func(line string) bool {
			return line == one.String() || strings.HasPrefix(line, "page ") && strings.HasSuffix(line, " "+one.fired.name)
		})
}
