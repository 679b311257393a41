// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// unusable says why the resource profile that is named cannot be gone by: it is not there,
// or gives what no container can need. Nothing is resized then: whoever names a profile
// does not want another size because of a slip in it. nil where none is named, or it can.
func (d *pass) unusable() *plane.Fault {
	p, load := d.profile.Sizing.Resources, d.memory.Sizes.Load
	switch {
	case d.seen.Sizes.ProfileFault != nil:
		return d.seen.Sizes.ProfileFault
	case p == nil || len(d.memory.Sizes.Trend.Points) == 0:
		return nil
	}
	for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
		if len(d.podsOf(c)) == 0 || d.byUseAlone(c) {
			continue
		}
		if _, ok := p.Need(c, load); !ok {
			return &plane.Fault{Reason: v1alpha1.ReasonProfileNonsense, Message: fmt.Sprintf(
				"ResourceProfile %s (%s) gives nothing for %s that a container can need: correct its curve; no size is changed until then", p.Name, p.Revision, c)}
		}
	}
	return nil
}

// byUseAlone tells whether the profile leaves a component out, which it may of etcd.
func (d *pass) byUseAlone(c sizing.Component) bool {
	p := d.profile.Sizing.Resources
	return p != nil && c == sizing.Etcd && !p.Says(c, d.memory.Sizes.Load)
}

// holdSize has a component request what it does, while nothing can be decided.
func (d *pass) holdSize(c sizing.Component, is sizing.Requests) {
	still := func(v float64) sizing.Size { return sizing.Size{Lower: v, Target: v, Upper: v, Uncapped: v} }
	cpu, memory := is.CPU.Request, is.Memory.Request
	if cpu == 0 || memory == 0 {
		return
	}
	d.plan.Sizes = append(d.plan.Sizes, plane.SizePlan{
		Component: c, CPU: still(cpu), Memory: still(memory), Want: plane.Amounts{CPU: cpu, Memory: memory}, Why: d.unusable().Message,
	})
}
