// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podstatus_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/evenkeel/bench/testbed/node/podstatus"
)

var now = metav1.NewTime(time.Unix(1000, 0))

func running(name string, ready bool) podstatus.Container {
	return podstatus.Container{Name: name, Running: &corev1.ContainerStateRunning{StartedAt: now}, Started: true, Ready: ready}
}

func exited(name string, code int32) podstatus.Container {
	return podstatus.Container{Name: name, Exited: &corev1.ContainerStateTerminated{ExitCode: code}}
}

func backingOff(name string) podstatus.Container {
	c := exited(name, 1)
	c.Waiting = &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}
	return c
}

func fresh(name string) podstatus.Container { return podstatus.Container{Name: name} }

func TestPhase(t *testing.T) {
	type list = []podstatus.Container
	always, onFailure, never := corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever
	for name, c := range map[string]struct {
		policy    corev1.RestartPolicy
		init, app list
		ending    bool
		want      corev1.PodPhase
	}{
		"nothing has started":               {always, nil, list{fresh("a")}, false, corev1.PodPending},
		"one has not started yet":           {always, nil, list{running("a", true), fresh("b")}, false, corev1.PodPending},
		"all run":                           {always, nil, list{running("a", true), running("b", false)}, false, corev1.PodRunning},
		"one backs off":                     {always, nil, list{backingOff("a")}, false, corev1.PodRunning},
		"one has ended and will start":      {always, nil, list{exited("a", 0)}, false, corev1.PodRunning},
		"all have ended well":               {onFailure, nil, list{exited("a", 0), exited("b", 0)}, false, corev1.PodSucceeded},
		"one failed and will start":         {onFailure, nil, list{exited("a", 0), exited("b", 1)}, false, corev1.PodRunning},
		"one failed for good":               {never, nil, list{exited("a", 0), exited("b", 1)}, false, corev1.PodFailed},
		"one failed, another runs":          {never, nil, list{running("a", true), exited("b", 1)}, false, corev1.PodRunning},
		"init runs":                         {always, list{running("i", false)}, list{fresh("a")}, false, corev1.PodPending},
		"init has ended":                    {always, list{exited("i", 0)}, list{fresh("a")}, false, corev1.PodPending},
		"init failed and will start":        {always, list{exited("i", 1)}, list{fresh("a")}, false, corev1.PodPending},
		"init failed for good":              {never, list{exited("i", 1)}, list{fresh("a")}, false, corev1.PodFailed},
		"ended by wish, killed":             {always, nil, list{exited("a", 137)}, true, corev1.PodFailed},
		"ended by wish, well":               {always, nil, list{exited("a", 0)}, true, corev1.PodSucceeded},
		"being ended":                       {always, nil, list{running("a", false)}, true, corev1.PodRunning},
		"ended before it started":           {always, nil, list{fresh("a")}, true, corev1.PodFailed},
		"ended before its init had started": {always, list{fresh("i")}, list{fresh("a")}, true, corev1.PodFailed},
	} {
		s := podstatus.Compute(&corev1.PodSpec{RestartPolicy: c.policy}, corev1.PodStatus{}, podstatus.View{Init: c.init, App: c.app, Ending: c.ending, Prepared: true}, now)
		if s.Phase != c.want {
			t.Errorf("%s: %s, want %s", name, s.Phase, c.want)
		}
	}
}

// conditions are the types with status, reason and message.
func conditions(s corev1.PodStatus) map[corev1.PodConditionType]string {
	said := map[corev1.PodConditionType]string{}
	for _, c := range s.Conditions {
		said[c.Type] = string(c.Status) + " " + c.Reason + " " + c.Message
	}
	return said
}

func TestConditions(t *testing.T) {
	for name, c := range map[string]struct {
		view podstatus.View
		want map[corev1.PodConditionType]string
	}{
		"waits for volumes": {
			podstatus.View{Init: []podstatus.Container{fresh("i")}, App: []podstatus.Container{fresh("a")}},
			map[corev1.PodConditionType]string{
				"PodReadyToStartContainers": "False  ", "PodScheduled": "True  ",
				"Initialized":     "False ContainersNotInitialized containers with incomplete status: [i]",
				"ContainersReady": "False ContainersNotReady containers with unready status: [a]",
				"Ready":           "False ContainersNotReady containers with unready status: [a]",
			},
		},
		"ready": {
			podstatus.View{Prepared: true, App: []podstatus.Container{running("a", true)}},
			map[corev1.PodConditionType]string{
				"PodReadyToStartContainers": "True  ", "PodScheduled": "True  ", "Initialized": "True  ", "ContainersReady": "True  ", "Ready": "True  ",
			},
		},
		"refused": {
			podstatus.View{Refused: &podstatus.Refusal{Reason: "OutOfcpu", Message: "no room"}, App: []podstatus.Container{fresh("a")}},
			map[corev1.PodConditionType]string{
				"PodReadyToStartContainers": "False  ", "PodScheduled": "True  ", "Initialized": "False PodFailed ",
				"ContainersReady": "False PodFailed ", "Ready": "False PodFailed ",
			},
		},
	} {
		s := podstatus.Compute(&corev1.PodSpec{}, corev1.PodStatus{}, c.view, now)
		if diff := cmp.Diff(c.want, conditions(s)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestOthersConditionsStay(t *testing.T) {
	before := metav1.NewTime(time.Unix(1, 0))
	old := corev1.PodStatus{QOSClass: corev1.PodQOSBurstable, Conditions: []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: before},
		{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "EvictionByEvictionAPI", LastTransitionTime: before},
		{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: before},
		{Type: corev1.PodInitialized, Status: corev1.ConditionFalse, LastTransitionTime: before},
		{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: "Deferred", LastTransitionTime: before},
	}}
	s := podstatus.Compute(&corev1.PodSpec{}, old, podstatus.View{Generation: 3, Prepared: true, App: []podstatus.Container{running("a", true)}}, now)
	moved := map[corev1.PodConditionType]bool{}
	for _, c := range s.Conditions {
		moved[c.Type] = c.LastTransitionTime.Equal(&now)
		if own := c.Type != corev1.PodScheduled && c.Type != corev1.DisruptionTarget; own && c.ObservedGeneration != 3 {
			t.Errorf("%s has observed generation %d, want 3", c.Type, c.ObservedGeneration)
		}
	}
	want := map[corev1.PodConditionType]bool{
		corev1.PodScheduled: false, corev1.DisruptionTarget: false, corev1.PodReady: false,
		corev1.PodInitialized: true, corev1.ContainersReady: true, corev1.PodReadyToStartContainers: true,
	}
	if diff := cmp.Diff(want, moved); diff != "" {
		t.Errorf("transition times that moved:\n%s", diff)
	}
	if s.QOSClass != corev1.PodQOSBurstable || s.ObservedGeneration != 3 {
		t.Errorf("QoS class %s, observed generation %d", s.QOSClass, s.ObservedGeneration)
	}
}

// The conditions of a resize speak of the generation that they are given, and count
// anew with another reason or another resize.
func TestConditionsOfAResize(t *testing.T) {
	before := metav1.NewTime(time.Unix(1, 0))
	was := []corev1.PodCondition{
		{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: "Deferred", ObservedGeneration: 3, LastTransitionTime: before},
		{Type: corev1.PodResizeInProgress, Status: corev1.ConditionTrue, ObservedGeneration: 2, LastTransitionTime: before},
	}
	for name, c := range map[string]struct {
		pending, progress corev1.PodCondition
		moved             [2]bool
	}{
		"as before":             {was[0], was[1], [2]bool{}},
		"pending with another":  {corev1.PodCondition{Reason: "Deferred", ObservedGeneration: 4}, was[1], [2]bool{}},
		"no longer to be hoped": {corev1.PodCondition{Reason: "Infeasible", ObservedGeneration: 3}, was[1], [2]bool{true, false}},
		"fails":                 {was[0], corev1.PodCondition{Reason: "Error", ObservedGeneration: 2}, [2]bool{false, true}},
		"the next one goes on":  {was[0], corev1.PodCondition{ObservedGeneration: 3}, [2]bool{false, true}},
	} {
		for i, condition := range []*corev1.PodCondition{&c.pending, &c.progress} {
			condition.Type, condition.Status, condition.LastTransitionTime = was[i].Type, was[i].Status, metav1.Time{}
		}
		s := podstatus.Compute(&corev1.PodSpec{}, corev1.PodStatus{Conditions: slices.Clone(was)},
			podstatus.View{Generation: 5, Prepared: true, App: []podstatus.Container{running("a", true)}, Resize: []corev1.PodCondition{c.pending, c.progress}}, now)
		for i, want := range []corev1.PodCondition{c.pending, c.progress} {
			if want.LastTransitionTime = before; c.moved[i] {
				want.LastTransitionTime = now
			}
			if diff := cmp.Diff(want, s.Conditions[i]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

func TestContainerStates(t *testing.T) {
	first, second := &corev1.ContainerStateTerminated{ExitCode: 1}, &corev1.ContainerStateTerminated{ExitCode: 2}
	for name, c := range map[string]struct {
		container podstatus.Container
		want      corev1.ContainerStatus
	}{
		"not yet": {
			podstatus.Container{}, corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}},
		},
		"runs again": {
			podstatus.Container{Running: &corev1.ContainerStateRunning{StartedAt: now}, Before: first, Started: true, Ready: true},
			corev1.ContainerStatus{
				State:                corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
				LastTerminationState: corev1.ContainerState{Terminated: first}, Ready: true, Started: new(true),
			},
		},
		"has ended twice": {
			podstatus.Container{Exited: second, Before: first},
			corev1.ContainerStatus{State: corev1.ContainerState{Terminated: second}, LastTerminationState: corev1.ContainerState{Terminated: first}},
		},
		"backs off": {
			podstatus.Container{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}, Exited: second, Before: first},
			corev1.ContainerStatus{
				State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
				LastTerminationState: corev1.ContainerState{Terminated: second},
			},
		},
	} {
		if c.want.Started == nil {
			c.want.Started = new(false)
		}
		s := podstatus.Compute(&corev1.PodSpec{}, corev1.PodStatus{}, podstatus.View{Prepared: true, App: []podstatus.Container{c.container}}, now)
		if diff := cmp.Diff([]corev1.ContainerStatus{c.want}, s.ContainerStatuses); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
