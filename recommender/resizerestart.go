// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// restarts tells whether the container of a pod is restarted for the size that it should
// have, by its own policy.
func (d *pass) restarts(p plane.SizedPod) bool {
	want := d.wantOf(p)
	return p.CPURestarts && !p.Requested.Same(plane.Amounts{CPU: want.CPU, Memory: p.Requested.Memory}) ||
		p.MemoryRestarts && !p.Requested.Same(plane.Amounts{CPU: p.Requested.CPU, Memory: want.Memory})
}

// wantRestart wants a pod resized that restarts for it: a step of the plan of disruptive
// steps, which does not wait for a window where the pod has less than it should. Where the
// profile does not allow it, the write is refused, and told.
func (d *pass) wantRestart(p plane.SizedPod) {
	to := d.wantOf(p)
	resize := func(to plane.Amounts, r plane.Reason) plane.Step {
		return plane.Step{
			Kind: plane.ResizePod, Apply: true, Reason: r,
			Size: &plane.SizeStep{
				Component: p.Component, Pod: p.Pod, UID: p.UID, Container: p.Container, To: to, Limits: d.profile.Sizing.Limits,
				Lowers: to.Below(has(p)), Restarts: true,
			},
		}
	}
	undo := resize(p.Requested, plane.Reason{Evidence: []string{fmt.Sprintf("it requested %s before", p.Requested)}})
	d.wants(podStep(rollout.Restart, p, d.short(p), fmt.Sprintf("it should request %s", to)), resize(to, plane.Reason{
		Code:     v1alpha1.ReasonResizing,
		Message:  fmt.Sprintf("resizes %s in place from %s to %s: its container restarts for it", p.Pod, p.Requested, to),
		Rejected: []string{"more than one pod at a time: what goes wrong with one is seen before the next"},
	}), &undo)
}
