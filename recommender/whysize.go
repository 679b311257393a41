// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// whySize is why a size is what it is, in a sentence: of the kind that changes, or of
// both.
func whySize(cpu, memory sizing.Size, before, next sizing.Requests) string {
	cpuToo, memoryToo := before.CPU.Request != next.CPU.Request, before.Memory.Request != next.Memory.Request
	switch {
	case cpuToo && !memoryToo:
		return "CPU: " + cpu.Why()
	case memoryToo && !cpuToo:
		return "memory: " + memory.Why()
	default:
		return "CPU: " + cpu.Why() + "; memory: " + memory.Why()
	}
}

// sizeEvidence is what a size follows from, a line each.
func (d *pass) sizeEvidence(plan plane.SizePlan, need sizing.Need) []string {
	m := d.memory.Sizes
	var lines []string
	if p := d.profile.Sizing.Resources; d.byUseAlone(plan.Component) {
		lines = append(lines, fmt.Sprintf("the profile %s (%s) says nothing of %s: it goes by use alone", p.Name, p.Revision, plan.Component))
	} else if p != nil {
		line := fmt.Sprintf("%s: the profile %s (%s) gives %s", loadWords(m.Load), p.Name, p.Revision,
			plane.Amounts{CPU: need.CPU.At(m.Load), Memory: need.Memory.At(m.Load)})
		if need.Tier != "" {
			line += ", its tier " + need.Tier
		}
		if need.Beyond {
			line += "; that load is larger than any that was measured, so it is extrapolated"
		}
		lines = append(lines, line)
	}
	lines = append(lines, d.toCome(m)...)
	lines = append(lines,
		fmt.Sprintf("need %s, target %s, worth giving back above %s",
			plane.Amounts{CPU: plan.CPU.Lower, Memory: plan.Memory.Lower}, plane.Amounts{CPU: plan.CPU.Target, Memory: plan.Memory.Target},
			plane.Amounts{CPU: plan.CPU.Upper, Memory: plan.Memory.Upper}))
	for _, p := range d.podsOf(plan.Component) {
		if !p.Used.At.IsZero() && d.now.Sub(p.Used.At) < usageStale {
			line := fmt.Sprintf("%s uses %s of %s, %s ago", p.Pod, plane.Amounts{CPU: p.Used.CPU, Memory: p.Used.Memory}, p.Requested, d.now.Sub(p.Used.At).Round(time.Second))
			if held := atLimit(p); held.CPU > p.Used.CPU || held.Memory > p.Used.Memory {
				line += ": its limit holds it, so it is taken to need more"
			}
			lines = append(lines, line)
		}
	}
	if pods := d.podsOf(plan.Component); len(pods) > 0 {
		lines = append(lines, pods[0].Runtime(plan.Want, pods[0].Limit, d.goLine(plan.Component))...)
	}
	if capped(plan) {
		lines = append(lines, fmt.Sprintf("without bounds it would be %s: %s", plane.Amounts{CPU: plan.CPU.Uncapped, Memory: plan.Memory.Uncapped}, caps))
	}
	return lines
}

// toCome says what the trend and the clock add to the load of now; nothing when they add
// nothing.
func (d *pass) toCome(m plane.SizesMemory) []string {
	var lines []string
	if soon := m.Trend.Soon(m.Load, d.now); soon.Nodes > m.Load.Nodes+0.5 || soon.Pods > m.Load.Pods+0.5 {
		lines = append(lines, fmt.Sprintf("as in the last minute or two, %.0f nodes and %.0f pods in three minutes", soon.Nodes, soon.Pods))
	}
	if grown := m.Trend.Grown(m.Load); grown.Nodes > m.Load.Nodes+0.5 || grown.Pods > m.Load.Pods+0.5 {
		lines = append(lines, fmt.Sprintf("by their trend %.0f nodes and %.0f pods in half an hour", grown.Nodes, grown.Pods))
	}
	if e := m.Week.Expected(m.Load, d.now); e.Nodes > m.Load.Nodes+0.5 || e.Pods > m.Load.Pods+0.5 || e.Requests > m.Load.Requests+0.5 {
		lines = append(lines, fmt.Sprintf("by the clock %.0f nodes, %.0f pods and %.0f requests/s in half an hour, as a week or a day ago", e.Nodes, e.Pods, e.Requests))
	}
	return lines
}

// caps are what may keep a size from being larger.
const caps = "the profile's maximum, the limits or the largest node cap it"

// capped tells whether the bounds keep anything from being requested.
func capped(plan plane.SizePlan) bool {
	return plan.CPU.Uncapped > plan.CPU.Target*1.001 || plan.Memory.Uncapped > plan.Memory.Target*1.001
}

// sizeRejected are the options that were not taken.
func (d *pass) sizeRejected(raised bool) []string {
	rejected := []string{"to edit the workload's template: that restarts every pod, and the template has an owner"}
	if !d.profile.Sizing.Evict {
		rejected = append(rejected, "eviction: the profile does not allow it")
	}
	if raised {
		return append(rejected, "to wait for more samples: what is short now is felt now")
	}
	return append(rejected, "to lower it at once: what is too much for less than an hour is soon needed again")
}

func loadWords(l sizing.Drivers) string {
	return fmt.Sprintf("%.0f nodes, %.0f pods, %.0f other objects, %s stored, %.0f requests/s",
		l.Nodes, l.Pods, l.Objects, sizing.Words(sizing.Memory, l.Bytes), l.Requests)
}
