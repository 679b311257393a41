// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// waiting names the pods that have yet to be resized and why they are not, for people, and
// the reason: that of the first that is left alone because something refused it. Both are
// empty where nothing waits.
func (d *pass) waiting() (reason, words string) {
	var all []string
	for _, p := range d.seen.Sizes.Pods {
		of, why := d.waits(p)
		if why == "" {
			continue
		}
		if reason == "" || reason == v1alpha1.ReasonResizeWaits {
			reason = of
		}
		all = append(all, p.Pod+": "+why)
	}
	return reason, strings.Join(all, "; ")
}

// waits says why a pod has not the size that it should; empty when it has, or is next.
func (d *pass) waits(p plane.SizedPod) (reason, why string) {
	want := d.wantOf(p)
	same, reason := p.Requested.Same(want), v1alpha1.ReasonResizeWaits
	if want == (plane.Amounts{}) || p.Fault != nil || same && p.Resize.State == plane.ResizeSettled {
		return "", ""
	}
	if !p.Reported {
		return reason, "its node has not told what it has set aside for it"
	}
	if a := d.aside(p); a != nil {
		return a.Reason, a.Why
	}
	if !same {
		return reason, d.resizeHeld(p)
	}
	if stuck := p.Unresized(d.now, time.Time{}, deferGrace); stuck != nil {
		return reason, stuck.Message
	}
	return "", ""
}
