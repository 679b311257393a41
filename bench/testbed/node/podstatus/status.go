// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Compute is the status that follows old. Conditions and fields that are not a
// kubelet's stay as they are; a condition's transition time moves only with its
// status.
func Compute(spec *corev1.PodSpec, old corev1.PodStatus, v View, now metav1.Time) corev1.PodStatus {
	s := *old.DeepCopy()
	s.ObservedGeneration = v.Generation
	s.HostIP, s.HostIPs = v.HostIP, nil
	if v.HostIP != "" {
		s.HostIPs = []corev1.HostIP{{IP: v.HostIP}}
	}
	s.PodIP, s.PodIPs = v.PodIP, nil
	if v.PodIP != "" {
		s.PodIPs = []corev1.PodIP{{IP: v.PodIP}}
	}
	if s.StartTime == nil {
		s.StartTime = v.Started
	}
	s.Reason, s.Message = "", ""
	s.InitContainerStatuses = statuses(v.Init, initWaiting(v))
	s.ContainerStatuses = statuses(v.App, appWaiting(v))
	s.Phase = phase(spec, v)
	if v.Refused != nil {
		s.Reason, s.Message = v.Refused.Reason, v.Refused.Message
		s.InitContainerStatuses, s.ContainerStatuses = nil, nil
	}
	setConditions(&s, v, now)
	return s
}

func statuses(containers []Container, waiting corev1.ContainerStateWaiting) []corev1.ContainerStatus {
	var list []corev1.ContainerStatus
	for i := range containers {
		list = append(list, containers[i].status(waiting))
	}
	return list
}

func initWaiting(v View) corev1.ContainerStateWaiting {
	if !v.Prepared {
		return corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	}
	return corev1.ContainerStateWaiting{Reason: "PodInitializing"}
}

// appWaiting is why app containers wait: for the init containers, where there are
// any that have not ended, else for themselves.
func appWaiting(v View) corev1.ContainerStateWaiting {
	if initialized(v) {
		return corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	}
	return corev1.ContainerStateWaiting{Reason: "PodInitializing"}
}

func initialized(v View) bool {
	for i := range v.Init {
		if !v.Init[i].done() {
			return false
		}
	}
	return true
}

// phase follows the rules of pod-lifecycle: pending until every app container has
// started once, running while any runs or will run again, else succeeded or
// failed by the exit codes.
func phase(spec *corev1.PodSpec, v View) corev1.PodPhase {
	if v.Refused != nil {
		return corev1.PodFailed
	}
	if !initialized(v) {
		if p := initPhase(spec, v); p != "" {
			return p
		}
	}
	var fresh, live, failed int
	for i := range v.App {
		c := &v.App[i]
		latest := c.latest()
		switch {
		case c.Running == nil && latest == nil && !v.Ending:
			fresh++
		case !v.over(spec, c):
			live++
		case latest == nil || latest.ExitCode != 0:
			failed++
		}
	}
	switch {
	case fresh > 0:
		return corev1.PodPending
	case live > 0:
		return corev1.PodRunning
	case failed > 0:
		return corev1.PodFailed
	}
	return corev1.PodSucceeded
}

// initPhase is the phase while init containers have not ended well; none when the
// pod is being ended and the app containers decide.
func initPhase(spec *corev1.PodSpec, v View) corev1.PodPhase {
	for i := range v.Init {
		c := &v.Init[i]
		if v.over(spec, c) && c.Exited != nil && c.Exited.ExitCode != 0 {
			return corev1.PodFailed
		}
	}
	if v.Ending && allOver(spec, v) {
		return ""
	}
	return corev1.PodPending
}

// over: the container does not run and will not run again.
func (v View) over(spec *corev1.PodSpec, c *Container) bool {
	if c.Running != nil {
		return false
	}
	if v.Ending {
		return true
	}
	if c.Exited == nil || c.Waiting != nil && c.Waiting.Reason != "" {
		return false
	}
	return !Again(spec.RestartPolicy, c.Exited.ExitCode)
}

func allOver(spec *corev1.PodSpec, v View) bool {
	for _, list := range [][]Container{v.Init, v.App} {
		for i := range list {
			if !v.over(spec, &list[i]) {
				return false
			}
		}
	}
	return true
}

// Again tells whether the restart policy wants a container that ended with this
// code to run again.
func Again(policy corev1.RestartPolicy, code int32) bool {
	switch policy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return code != 0
	default:
		return true
	}
}
