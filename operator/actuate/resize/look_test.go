// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package resize_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/hosttest"
	"evenkeel.dev/evenkeel/operator/actuate/resize"
	"evenkeel.dev/evenkeel/recommender/plane"
)

var at = time.Unix(1_700_000_000, 0)

// running is a pod of generation 4 whose container has what it requests.
func running(r corev1.ResourceRequirements) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "etcd-0", UID: "u", Generation: 4},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "sidecar"}, {Name: "main", Resources: r}}},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{Name: "main", AllocatedResources: r.Requests, Resources: r.DeepCopy()}, {Name: "sidecar", RestartCount: 9},
		}},
	}
}

func TestLook(t *testing.T) {
	one := plane.Amounts{CPU: 0.5, Memory: 512 * mib}
	settled := plane.ContainerSize{
		Pod: "etcd-0", UID: "u", Container: "main", Requested: one, Allocated: one, InForce: one, Reported: true,
		QoS: "Burstable", Resize: plane.Resize{State: plane.ResizeSettled},
	}
	type size = plane.ContainerSize
	for name, c := range map[string]struct {
		pod  func(*corev1.Pod, *corev1.Container, *corev1.ContainerStatus)
		want func(*size)
	}{
		"settled": {func(*corev1.Pod, *corev1.Container, *corev1.ContainerStatus) {}, func(*size) {}},
		"with limits": {func(_ *corev1.Pod, c *corev1.Container, s *corev1.ContainerStatus) {
			c.Resources = hosttest.Limited("500m", "512Mi", "2", "")
			s.Resources.Limits = hosttest.Requests("1", "").Requests
		}, func(w *size) {
			w.Limit, w.LimitInForce = plane.Amounts{CPU: 2}, plane.Amounts{CPU: 1}
		}},
		"guaranteed": {func(p *corev1.Pod, c *corev1.Container, _ *corev1.ContainerStatus) {
			c.Resources = hosttest.Limited("500m", "512Mi", "500m", "512Mi")
			p.Spec.Containers = p.Spec.Containers[1:]
		}, func(w *size) { w.QoS, w.Limit = "Guaranteed", one }},
		"the class as admitted": {func(p *corev1.Pod, _ *corev1.Container, _ *corev1.ContainerStatus) {
			p.Status.QOSClass = corev1.PodQOSBestEffort
		}, func(w *size) { w.QoS = "BestEffort" }},
		"limits below the request": {func(_ *corev1.Pod, c *corev1.Container, _ *corev1.ContainerStatus) {
			c.Resources = hosttest.Limited("500m", "512Mi", "100m", "100Mi")
		}, func(w *size) { w.Limit = plane.Amounts{CPU: 0.1, Memory: 100 * mib} }},
		"requests nothing": {func(_ *corev1.Pod, c *corev1.Container, s *corev1.ContainerStatus) {
			c.Resources, s.AllocatedResources, s.Resources = corev1.ResourceRequirements{}, nil, &corev1.ResourceRequirements{}
		}, func(w *size) {
			w.Requested, w.Allocated, w.InForce, w.QoS = plane.Amounts{}, plane.Amounts{}, plane.Amounts{}, "BestEffort"
		}},
		"no status yet": {func(p *corev1.Pod, _ *corev1.Container, _ *corev1.ContainerStatus) { p.Status.ContainerStatuses = nil }, func(w *size) {
			w.Allocated, w.InForce, w.Reported, w.Resize.State = plane.Amounts{}, plane.Amounts{}, false, plane.ResizeUnknown
		}},
		"a kubelet that tells nothing": {func(_ *corev1.Pod, _ *corev1.Container, s *corev1.ContainerStatus) {
			s.Resources, s.AllocatedResources = nil, nil
		}, func(w *size) {
			w.Allocated, w.InForce, w.Reported, w.Resize.State = plane.Amounts{}, plane.Amounts{}, false, plane.ResizeUnknown
		}},
		"restarts for CPU": {func(_ *corev1.Pod, c *corev1.Container, _ *corev1.ContainerStatus) {
			c.ResizePolicy = []corev1.ContainerResizePolicy{{ResourceName: "cpu", RestartPolicy: "RestartContainer"}, {ResourceName: "memory", RestartPolicy: "NotRequired"}}
		}, func(w *size) { w.CPURestarts = true }},
		"restarts for memory": {func(_ *corev1.Pod, c *corev1.Container, _ *corev1.ContainerStatus) {
			c.ResizePolicy = []corev1.ContainerResizePolicy{{ResourceName: "memory", RestartPolicy: "RestartContainer"}}
		}, func(w *size) { w.MemoryRestarts = true }},
		"was killed": {func(_ *corev1.Pod, _ *corev1.Container, s *corev1.ContainerStatus) {
			s.RestartCount = 3
			s.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: "OOMKilled", FinishedAt: metav1.NewTime(at)}
		}, func(w *size) { w.Restarts, w.Ended, w.EndedAt = 3, "OOMKilled", at }},
		"is down, killed just now": {func(_ *corev1.Pod, _ *corev1.Container, s *corev1.ContainerStatus) {
			s.State.Terminated = &corev1.ContainerStateTerminated{Reason: "OOMKilled", FinishedAt: metav1.NewTime(at)}
			s.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: "Error", FinishedAt: metav1.NewTime(at.Add(-time.Hour))}
		}, func(w *size) { w.Ended, w.EndedAt = "OOMKilled", at }},
		"the runtime's variables": {func(_ *corev1.Pod, c *corev1.Container, _ *corev1.ContainerStatus) {
			c.Env = []corev1.EnvVar{{Name: "GOMAXPROCS", Value: "2"}, {Name: "GOMEMLIMIT", ValueFrom: &corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.memory"}}}, {Name: "GOGC", Value: "50"}}
		}, func(w *size) { w.MaxProcs, w.MemLimit = "2", plane.FromElsewhere }},
	} {
		pod, want := running(hosttest.Requests("500m", "512Mi")), settled
		c.pod(pod, &pod.Spec.Containers[1], &pod.Status.ContainerStatuses[0])
		c.want(&want)
		if diff := cmp.Diff(want, resize.Look(pod, "main")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestLookForAContainerThatIsNot(t *testing.T) {
	s := resize.Look(running(hosttest.Requests("1", "1Gi")), "etcd")
	wantFault(t, s.Fault, v1alpha1.ReasonTargetInvalid, "pod etcd-0 has no container named etcd")
	if s.Reported || s.Resize.State != plane.ResizeUnknown || s.Pod != "etcd-0" {
		t.Errorf("%+v", s)
	}
}

// How a resize goes on, by the conditions that kubelets set.
func TestHowAResizeGoesOn(t *testing.T) {
	pending := func(reason string, generation int64) corev1.PodCondition {
		return corev1.PodCondition{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: reason, Message: "pending", ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(at)}
	}
	progress := func(reason string, generation int64) corev1.PodCondition {
		return corev1.PodCondition{Type: corev1.PodResizeInProgress, Status: corev1.ConditionTrue, Reason: reason, Message: "progress", ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(at)}
	}
	over := pending(corev1.PodReasonDeferred, 4)
	over.Status = corev1.ConditionFalse
	told := func(state plane.ResizeState, message string) plane.Resize {
		return plane.Resize{State: state, Message: message, Since: at}
	}
	just := plane.Resize{State: plane.ResizeInProgress}
	for name, c := range map[string]struct {
		behind     bool
		conditions []corev1.PodCondition
		want       plane.Resize
	}{
		"nothing":                          {want: plane.Resize{State: plane.ResizeSettled}},
		"just written":                     {behind: true, want: just},
		"a condition that is over":         {conditions: []corev1.PodCondition{over}, want: plane.Resize{State: plane.ResizeSettled}},
		"no room now":                      {behind: true, conditions: []corev1.PodCondition{pending("Deferred", 4)}, want: told(plane.ResizeDeferred, "pending")},
		"no room ever":                     {behind: true, conditions: []corev1.PodCondition{pending("Infeasible", 4)}, want: told(plane.ResizeInfeasible, "pending")},
		"an older kubelet's":               {behind: true, conditions: []corev1.PodCondition{pending("Infeasible", 0)}, want: told(plane.ResizeInfeasible, "pending")},
		"said of the request before":       {behind: true, conditions: []corev1.PodCondition{pending("Infeasible", 3)}, want: just},
		"being brought in force":           {conditions: []corev1.PodCondition{progress("", 4)}, want: told(plane.ResizeInProgress, "progress")},
		"failing":                          {conditions: []corev1.PodCondition{progress("Error", 4)}, want: told(plane.ResizeFailed, "progress")},
		"failing since before a label":     {conditions: []corev1.PodCondition{progress("Error", 3)}, want: told(plane.ResizeFailed, "progress")},
		"failed, and another asked for":    {behind: true, conditions: []corev1.PodCondition{progress("Error", 3)}, want: just},
		"one behind another":               {behind: true, conditions: []corev1.PodCondition{progress("", 3), pending("Deferred", 4)}, want: told(plane.ResizeDeferred, "pending")},
		"one behind another that fails":    {behind: true, conditions: []corev1.PodCondition{progress("Error", 3), pending("Infeasible", 4)}, want: told(plane.ResizeInfeasible, "pending")},
		"another container's, and settled": {conditions: []corev1.PodCondition{pending("Deferred", 4)}, want: told(plane.ResizeDeferred, "pending")},
	} {
		pod := running(hosttest.Requests("500m", "512Mi"))
		pod.Status.Conditions = append(pod.Status.Conditions, c.conditions...)
		if c.behind {
			pod.Spec.Containers[1].Resources = hosttest.Requests("600m", "512Mi")
		}
		if diff := cmp.Diff(c.want, resize.Look(pod, "main").Resize); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
