// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func setConditions(s *corev1.PodStatus, v View, now metav1.Time) {
	ready := readiness(s.Phase, v)
	own := []corev1.PodCondition{
		{Type: corev1.PodReadyToStartContainers, Status: status(v.Prepared && s.Phase != corev1.PodSucceeded && s.Phase != corev1.PodFailed)},
		initializedCondition(s.Phase, v),
		withType(ready, corev1.PodReady),
		withType(ready, corev1.ContainersReady),
	}
	if !has(s.Conditions, corev1.PodScheduled) {
		own = append(own, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue})
	}
	s.Conditions = slices.DeleteFunc(s.Conditions, func(c corev1.PodCondition) bool {
		return ofResize(c.Type) && !has(v.Resize, c.Type)
	})
	for _, c := range own {
		c.ObservedGeneration = v.Generation
		set(s, c, now)
	}
	for _, c := range v.Resize {
		set(s, c, now)
	}
}

func ofResize(t corev1.PodConditionType) bool {
	return t == corev1.PodResizePending || t == corev1.PodResizeInProgress
}

// moves tells whether a condition counts from now on. That of a resize does so with
// every other reason, and one in progress with every other resize (k8s.io/kubernetes
// pkg/kubelet/status, updatedPodResizeCondition).
func moves(from, to *corev1.PodCondition) bool {
	switch to.Type {
	case corev1.PodResizeInProgress:
		return from.Reason != to.Reason || from.ObservedGeneration != to.ObservedGeneration
	case corev1.PodResizePending:
		return from.Reason != to.Reason
	default:
		return from.Status != to.Status
	}
}

// readiness is ContainersReady, and Ready too, for readiness gates are ignored.
func readiness(phase corev1.PodPhase, v View) corev1.PodCondition {
	switch phase {
	case corev1.PodSucceeded:
		return corev1.PodCondition{Status: corev1.ConditionFalse, Reason: "PodCompleted"}
	case corev1.PodFailed:
		return corev1.PodCondition{Status: corev1.ConditionFalse, Reason: "PodFailed"}
	default:
	}
	var unready []string
	for i := range v.App {
		if !v.App[i].Ready {
			unready = append(unready, v.App[i].Name)
		}
	}
	if len(unready) > 0 {
		return corev1.PodCondition{
			Status: corev1.ConditionFalse, Reason: "ContainersNotReady",
			Message: fmt.Sprintf("containers with unready status: %s", unready),
		}
	}
	return corev1.PodCondition{Status: corev1.ConditionTrue}
}

func initializedCondition(phase corev1.PodPhase, v View) corev1.PodCondition {
	c := corev1.PodCondition{Type: corev1.PodInitialized, Status: corev1.ConditionTrue}
	if initialized(v) && v.Refused == nil {
		if phase == corev1.PodSucceeded {
			c.Reason = "PodCompleted"
		}
		return c
	}
	c.Status = corev1.ConditionFalse
	if phase == corev1.PodFailed {
		c.Reason = "PodFailed"
		return c
	}
	var names []string
	for i := range v.Init {
		if !v.Init[i].done() {
			names = append(names, v.Init[i].Name)
		}
	}
	c.Reason, c.Message = "ContainersNotInitialized", fmt.Sprintf("containers with incomplete status: %s", names)
	return c
}

func set(s *corev1.PodStatus, c corev1.PodCondition, now metav1.Time) {
	c.LastTransitionTime = now
	for i := range s.Conditions {
		if s.Conditions[i].Type != c.Type {
			continue
		}
		if !moves(&s.Conditions[i], &c) {
			c.LastTransitionTime = s.Conditions[i].LastTransitionTime
		}
		c.LastProbeTime = s.Conditions[i].LastProbeTime
		s.Conditions[i] = c
		return
	}
	s.Conditions = append(s.Conditions, c)
}

func has(list []corev1.PodCondition, t corev1.PodConditionType) bool {
	return slices.ContainsFunc(list, func(c corev1.PodCondition) bool { return c.Type == t })
}

func withType(c corev1.PodCondition, t corev1.PodConditionType) corev1.PodCondition {
	c.Type = t
	return c
}

func status(ok bool) corev1.ConditionStatus {
	if ok {
		return corev1.ConditionTrue
	}
	return corev1.ConditionFalse
}
