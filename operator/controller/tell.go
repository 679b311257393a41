// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"hash/fnv"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// tell makes events of what has been written to the status.
func (p *pass) tell() {
	p.tellReady()
	for _, d := range p.kept.news {
		kind := corev1.EventTypeNormal
		if !d.Applied && d.Outcome != shownOnly || d.Reason == v1alpha1.ReasonPlanStopped {
			kind = corev1.EventTypeWarning
		}
		p.event(kind, d.Reason, d.Step, d.Message)
		measured.Count(series.Decisions, p.key(), 1, d.Step, d.Reason, strconv.FormatBool(d.Applied))
	}
	p.kept.news = nil
	for i := range p.recorded {
		p.rememberDecision(&p.recorded[i])
	}
}

// tellReady tells when something goes wrong for a reason of its own, and when it is
// over. What is only being settled, Unknown, is not worth an event.
func (p *pass) tellReady() {
	ready := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status == metav1.ConditionUnknown {
		return
	}
	reason := trouble(p.status)
	if reason == p.kept.trouble {
		return
	}
	p.kept.trouble = reason
	if reason == "" {
		p.event(corev1.EventTypeNormal, ready.Reason, "Recover", ready.Message)
		return
	}
	p.event(corev1.EventTypeWarning, reason, "Hold", ready.Message)
}

// trouble is the reason of a status that is not ready.
func trouble(status *v1alpha1.ControlPlaneProfileStatus) string {
	if c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady); c != nil && c.Status == metav1.ConditionFalse {
		return c.Reason
	}
	return ""
}

// event tells the profile's readers. The API's events are one series where all but
// their text is the same, and keep the first text: two clients jailed one after the
// other would look like one. A reference that follows the text keeps them apart.
func (p *pass) event(kind, reason, action, message string) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(message))
	about := &corev1.ObjectReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: "ControlPlaneProfile",
		Namespace: p.cpp.Namespace, Name: p.cpp.Name, UID: p.cpp.UID, FieldPath: fmt.Sprintf("status#%08x", h.Sum32()),
	}
	p.r.Events.Eventf(p.cpp, about, kind, reason, action, "%s", v1alpha1.Fit(message, longText))
}
