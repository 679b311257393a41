// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "evenkeel.dev/evenkeel/monitoring/series"

// scrape writes what all targets tell.
func (t *theater) scrape(at, began int, now phase) error {
	leader := now.Leader
	if leader == "" {
		leader = "evenkeel-0"
	}
	stamp := int64(epoch+at) * 1000
	pods := []string{"evenkeel-0", "evenkeel-1"}
	for _, pod := range pods {
		var told []sample
		if now.Operator == "gone" || now.Operator == "alone" && pod != leader {
			if err := t.store.scrape(pod, stamp, nil); err != nil {
				return err
			}
			continue
		}
		leading, points := 0.0, 2.0
		if pod == leader {
			leading = 1
		}
		if now.Points != "" {
			points = float64(now.Points[0] - '0')
		}
		for name, v := range map[string]float64{series.Leading: leading, series.Points: points} {
			set, err := labeled(name, "job", "evenkeel", "pod", pod)
			if err != nil {
				return err
			}
			told = append(told, sample{set, v})
		}
		for i, p := range t.plants {
			here := now
			if i > 0 && !t.fixture.All {
				here = t.fixture.Base
			}
			if here.Deleted {
				continue
			}
			of, err := p.tells(pod, pod == leader, at, began, here)
			if err != nil {
				return err
			}
			told = append(told, of...)
		}
		if err := t.store.scrape(pod, stamp, told); err != nil {
			return err
		}
	}
	return t.scrapeOwn(stamp, now)
}

func (t *theater) scrapeOwn(stamp int64, now phase) error {
	for i, p := range t.plants {
		here := now
		if i > 0 && !t.fixture.All {
			here = t.fixture.Base
		}
		told, err := p.tellsOwn(here)
		if err != nil {
			return err
		}
		if err := t.store.scrape("own/"+p.name, stamp, told); err != nil {
			return err
		}
	}
	return nil
}
