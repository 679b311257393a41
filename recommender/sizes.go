// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// usageStale is after how long without a sample nothing is made smaller: metrics-server
	// gives one a minute.
	usageStale = 5 * time.Minute
	// loadStale is after how long without a page of metrics the load is not known.
	loadStale = 10 * time.Minute
)

// size decides what the components' containers should request, and has the pods resized.
func (d *pass) size() {
	m := &d.memory.Sizes
	if d.profile.Sizing.Mode == plane.Off {
		*m = plane.SizesMemory{Containers: m.Containers, Trend: m.Trend, Week: m.Week, Load: m.Load}
		return
	}
	if !d.seen.Sizes.Recalled {
		return
	}
	for c, kept := range d.seen.Sizes.Kept {
		if _, known := m.Containers[c]; !known {
			m.Containers[c] = kept
		}
	}
	if m.Week.Empty() {
		m.Week = d.seen.Sizes.KeptWeek
	}
	if seen := d.seen.Sizes.LoadSeen; !seen.IsZero() && d.now.Sub(seen) < loadStale {
		m.Load = d.seen.Sizes.Load
		m.Trend, m.Week = m.Trend.Seen(m.Load, seen), m.Week.Seen(m.Load, seen)
	}
	for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
		if pods := d.podsOf(c); len(pods) > 0 {
			d.sizeComponent(c, pods)
		}
	}
	d.resize()
}

// podsOf are a component's pods whose container is known.
func (d *pass) podsOf(c sizing.Component) (pods []plane.SizedPod) {
	for _, p := range d.seen.Sizes.Pods {
		if p.Component == c && p.Fault == nil {
			pods = append(pods, p)
		}
	}
	return pods
}

// sizeComponent learns from what the pods used, and decides what all of them should
// request.
func (d *pass) sizeComponent(c sizing.Component, pods []plane.SizedPod) {
	m := &d.memory.Sizes
	if d.profile.Sizing.Resources != nil && len(m.Trend.Points) == 0 {
		return // the profile speaks of a load that has not been seen yet
	}
	cpu, memory, need := sizing.References(d.profile.Sizing.Resources, c, sizing.Look(m.Load, m.Trend, m.Week, d.now))
	kept := d.learnUse(c, pods, cpu, memory)
	before := requested(kept, pods)
	if d.unusable() != nil {
		m.Containers[c] = kept
		d.holdSize(c, before)
		return
	}
	bounds := d.boundsOf(c, pods)
	cpuSize, known := kept.CPU.Recommend(d.now, cpu, bounds.CPU)
	memorySize, also := kept.Memory.Recommend(d.now, memory, bounds.Memory)
	if !known || !also {
		return
	}
	if d.profile.Sizing.Limits {
		cpuClear, memoryClear := clearOfLimits(pods)
		cpuSize, memorySize = cpuSize.Clear(cpuClear, bounds.CPU), memorySize.Clear(memoryClear, bounds.Memory)
	}
	next, raised, lowered := d.due(before, cpuSize, memorySize)
	plan := plane.SizePlan{
		Component: c, CPU: cpuSize, Memory: memorySize, Extra: need.Extra.At(m.Load),
		Want: plane.Amounts{CPU: next.CPU.Request, Memory: next.Memory.Request},
		Why:  whySize(cpuSize, memorySize, before, next),
	}
	if raised || lowered {
		d.changeSize(plan, before, pods, need, raised)
	}
	kept.Requests = next
	m.Containers[c] = kept
	d.plan.Sizes = append(d.plan.Sizes, plan)
}

// learnUse takes the pods' new samples and kills.
func (d *pass) learnUse(c sizing.Component, pods []plane.SizedPod, cpu, memory sizing.Reference) sizing.Container {
	m := &d.memory.Sizes
	kept, known := m.Containers[c]
	if !known {
		kept = sizing.New(c)
	}
	kept = kept.Clone()
	name := ""
	if p := d.profile.Sizing.Resources; p != nil && !cpu.Unit {
		name = p.Name + "@" + p.Revision
	}
	kept.Base(name, cpu, memory)
	for _, p := range pods {
		if !p.Used.At.IsZero() {
			kept.Add(p.UID, atLimit(p), cpu, memory)
		}
		if at := p.OOMKilledAt(); at.After(m.Killed[p.UID]) {
			m.Killed[p.UID] = at
			if d.now.Sub(at) < time.Hour && at.After(kept.Wounded()) { // what an operator before this one has not answered
				kept.Memory.Wound(at, max(p.InForce.Memory, p.LimitInForce.Memory, p.Requested.Memory), memory.Now)
			}
		}
	}
	return kept
}

// requested is what the pods are to request so far: what was decided, be it carried out or
// recommended, and where nothing was, the most that one of them requests.
func requested(kept sizing.Container, pods []plane.SizedPod) sizing.Requests {
	r := kept.Requests
	if r.CPU.Request > 0 && r.Memory.Request > 0 {
		return r
	}
	r.CPU.Request, r.Memory.Request = 0, 0
	alike := true
	for _, p := range pods {
		r.CPU.Request = max(r.CPU.Request, p.Requested.CPU)
		r.Memory.Request = max(r.Memory.Request, p.Requested.Memory)
		alike = alike && p.Requested.Same(pods[0].Requested)
	}
	if !alike { // then it is written to some of them
		r.CPU.Request, r.Memory.Request = sizing.Round(sizing.CPU, r.CPU.Request), sizing.Round(sizing.Memory, r.Memory.Request)
	}
	return r
}

// due is what should be requested from now on. While it is not seen what is used, nothing
// is made smaller.
func (d *pass) due(before sizing.Requests, cpu, memory sizing.Size) (next sizing.Requests, raised, lowered bool) {
	next.CPU, next.Memory = sizing.Both(before.CPU, before.Memory, cpu, memory, d.now)
	hold := func(was, will sizing.Applied) sizing.Applied {
		if will.Request < was.Request && d.usageUnseen() {
			return was
		}
		raised, lowered = raised || will.Request > was.Request, lowered || will.Request < was.Request
		return will
	}
	next.CPU, next.Memory = hold(before.CPU, next.CPU), hold(before.Memory, next.Memory)
	return next, raised, lowered
}

// usageUnseen tells whether it is not known what the containers use now.
func (d *pass) usageUnseen() bool {
	return d.seen.Sizes.UsageFault != nil || !slices.ContainsFunc(d.seen.Sizes.Pods, func(p plane.SizedPod) bool {
		return !p.Used.At.IsZero() && d.now.Sub(p.Used.At) < usageStale
	})
}

// changeSize makes a decision of it.
func (d *pass) changeSize(plan plane.SizePlan, before sizing.Requests, pods []plane.SizedPod, need sizing.Need, raised bool) {
	apply := d.enforcing(d.profile.Sizing.Mode)
	r := plane.Reason{Code: v1alpha1.ReasonSizeLowered, Evidence: d.sizeEvidence(plan, need)}
	verb := "lowers"
	if raised {
		r.Code, verb = v1alpha1.ReasonSizeRaised, "raises"
	}
	if !apply {
		verb = "would " + verb[:len(verb)-1]
	}
	was := plane.Amounts{CPU: before.CPU.Request, Memory: before.Memory.Request}
	r.Message = fmt.Sprintf("%s the requests of %s from %s to %s on %d pods: %s", verb, plan.Component, was, plan.Want, len(pods), plan.Why)
	r.Rejected = d.sizeRejected(raised)
	d.step(plane.Step{Kind: plane.ChangeSize, Apply: apply, Size: &plane.SizeStep{Component: plan.Component, To: plan.Want}, Reason: r})
}
