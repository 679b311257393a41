// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// scrape writes what all targets tell.
func (t *theater) scrape(at, began int, now phase) error {
	stamp := int64(epoch+at) * 1000
	for _, pod := range t.pods {
		told, err := t.operator(pod, at, began, now)
		if err != nil {
			return err
		}
		if t.fixture.Sent && len(told) == 0 {
			continue
		}
		if err := t.store.scrape(pod, stamp, told); err != nil {
			return err
		}
	}
	for i, p := range t.plants {
		told, err := p.tellsOwn(t.here(i, now))
		if err != nil {
			return err
		}
		if err := t.store.scrape("own/"+p.name, stamp, told); err != nil {
			return err
		}
	}
	return nil
}

// operator is what one replica of the operator tells; nothing where it does not run.
func (t *theater) operator(pod string, at, began int, now phase) (told []sample, err error) {
	runs := now.runs()
	if !slices.Contains(runs, pod) {
		return nil, nil
	}
	leading, points := 0.0, 0.0
	if pod == now.leader() {
		leading = 1
	}
	for _, other := range runs {
		if other == pod || now.hears(pod, other) {
			points++
		}
	}
	if now.Points != "" {
		points = float64(now.Points[0] - '0')
	}
	for name, v := range map[string]float64{series.Leading: leading, series.Points: points} {
		set, err := labeled(name, "job", "evenkeel", "pod", pod)
		if err != nil {
			return nil, err
		}
		told = append(told, sample{set, v})
	}
	for i, p := range t.plants {
		here := t.here(i, now)
		if here.Deleted {
			continue
		}
		of, err := p.tells(pod, at, began, here)
		if err != nil {
			return nil, err
		}
		told = append(told, of...)
	}
	return told, nil
}
