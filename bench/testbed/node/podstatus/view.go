// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podstatus computes a pod's status from what its node knows of the pod's
// containers, as a kubelet gives it: phase, conditions and container statuses. It
// is a pure function of its arguments.
package podstatus

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// View is what the node knows of a pod.
type View struct {
	// Generation of the spec that the node has seen.
	Generation int64
	// HostIP and PodIP are empty until the pod has an address.
	HostIP, PodIP string
	Started       *metav1.Time
	// Prepared: the pod's address and volumes are there, containers may start.
	Prepared bool
	// Init and App are the containers, in the spec's order.
	Init, App []Container
	// Refused is set when the node does not run the pod at all: it has failed.
	Refused *Refusal
	// Resize are the conditions of a resize that is not done, each with the generation
	// that it speaks of; the others are taken away.
	Resize []corev1.PodCondition
	// Ending: the containers are being stopped and will not start again.
	Ending bool
}

// Refusal says why a pod is not run.
type Refusal struct{ Reason, Message string }

// Container is what the node knows of a container.
type Container struct {
	Name, Image, ImageID, ID string
	Restarts                 int32
	// At most one of Running and Waiting is set; with neither, Exited is the
	// container's state.
	Running *corev1.ContainerStateRunning
	Waiting *corev1.ContainerStateWaiting
	// Exited is how its latest life ended, Before how the one before that did.
	Exited, Before *corev1.ContainerStateTerminated
	// Started and Ready are the verdicts of its probes.
	Started, Ready bool
	// Allocated is what the node has set aside, Actual what is in force.
	Allocated corev1.ResourceList
	Actual    *corev1.ResourceRequirements
}

// status is the container's status; waiting is why it has not started, where the
// container itself has no reason.
func (c *Container) status(waiting corev1.ContainerStateWaiting) corev1.ContainerStatus {
	started := c.Started
	s := corev1.ContainerStatus{
		Name: c.Name, Image: c.Image, ImageID: c.ImageID, ContainerID: c.ID,
		RestartCount: c.Restarts, Started: &started, Ready: c.Ready,
		AllocatedResources: c.Allocated, Resources: c.Actual,
	}
	switch {
	case c.Running != nil:
		s.State.Running, s.LastTerminationState.Terminated = c.Running, c.latest()
	case c.Waiting != nil:
		s.State.Waiting, s.LastTerminationState.Terminated = c.Waiting, c.latest()
	case c.Exited != nil:
		s.State.Terminated, s.LastTerminationState.Terminated = c.Exited, c.Before
	default:
		s.State.Waiting, s.LastTerminationState.Terminated = &waiting, c.Before
	}
	return s
}

func (c *Container) latest() *corev1.ContainerStateTerminated {
	if c.Exited != nil {
		return c.Exited
	}
	return c.Before
}

// done: the container has ended well.
func (c *Container) done() bool {
	return c.Running == nil && c.Waiting == nil && c.Exited != nil && c.Exited.ExitCode == 0
}
