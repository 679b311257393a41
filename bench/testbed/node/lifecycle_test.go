// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// shell is a pod of one container that runs a shell command.
func shell(name, script string, policy corev1.RestartPolicy) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			RestartPolicy: policy, TerminationGracePeriodSeconds: new(int64(3)),
			Containers: []corev1.Container{{Name: "app", Image: "example.test/app", Command: []string{"sh", "-c", script}}},
		},
	}
}

// lifecycles runs pods that end, fail, cannot start or are unwell, all at once,
// and waits until each says what a kubelet says.
func (b *bed) lifecycles(ctx context.Context, t *testing.T) {
	t.Helper()
	prepared := shell("prepared", "cat /work/note; test -f /work/note", corev1.RestartPolicyNever)
	prepared.Spec.Volumes = []corev1.Volume{{Name: "work", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	mount := []corev1.VolumeMount{{Name: "work", MountPath: "/work"}}
	prepared.Spec.Containers[0].VolumeMounts = mount
	prepared.Spec.InitContainers = []corev1.Container{{
		Name: "first", Image: "example.test/app", Command: []string{"sh", "-c", "echo prepared > /work/note"}, VolumeMounts: mount,
	}}
	sick := shell("sick", "sleep 1000", corev1.RestartPolicyAlways)
	sick.Spec.Containers[0].LivenessProbe = &corev1.Probe{
		PeriodSeconds: 1, FailureThreshold: 1,
		ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"sh", "-c", "echo unwell; exit 7"}}},
	}
	absent := shell("absent", "", corev1.RestartPolicyAlways)
	absent.Spec.Containers[0].Image = "example.test/other:v2"
	lacking := shell("lacking", "sleep 1000", corev1.RestartPolicyAlways)
	lacking.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: "nowhere"},
	}}}
	crashing := shell("crashing", "exit 3", corev1.RestartPolicyAlways)
	failing := shell("failing", "exit 2", corev1.RestartPolicyNever)
	pods := []*corev1.Pod{prepared, sick, absent, lacking, crashing, failing}
	for _, p := range pods {
		if _, err := b.client.CoreV1().Pods("default").Create(ctx, p, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, check := range map[string]func(*corev1.PodStatus) error{
		"prepared": wantPhase(corev1.PodSucceeded, "Completed", 0),
		"failing":  wantPhase(corev1.PodFailed, "Error", 2),
		"sick":     wantRestarted,
		"absent":   wantWaiting("ImagePull", `image "example.test/other:v2" is not among the testbed's binaries`),
		"lacking":  wantWaiting("CreateContainerConfigError", `configmap "nowhere" not found`),
		"crashing": wantWaiting("CrashLoopBackOff", "back-off 10s restarting failed container=app pod=crashing_default("),
	} {
		await(ctx, t, 20*time.Second, name, func(ctx context.Context) error {
			p, err := b.client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if len(p.Status.ContainerStatuses) == 0 {
				return fmt.Errorf("status %+v", p.Status)
			}
			return check(&p.Status)
		})
	}
	for _, p := range pods {
		if err := b.client.CoreV1().Pods("default").Delete(ctx, p.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

func wantPhase(phase corev1.PodPhase, reason string, code int32) func(*corev1.PodStatus) error {
	return func(s *corev1.PodStatus) error {
		ended := s.ContainerStatuses[0].State.Terminated
		if s.Phase != phase || ended == nil || ended.Reason != reason || ended.ExitCode != code || s.ContainerStatuses[0].RestartCount != 0 {
			return fmt.Errorf("phase %s, container %+v", s.Phase, s.ContainerStatuses[0])
		}
		return nil
	}
}

func wantRestarted(s *corev1.PodStatus) error {
	if c := s.ContainerStatuses[0]; c.RestartCount < 1 {
		return fmt.Errorf("restarts %d, %+v", c.RestartCount, c.State)
	}
	return nil
}

func wantWaiting(reason, message string) func(*corev1.PodStatus) error {
	return func(s *corev1.PodStatus) error {
		c := s.ContainerStatuses[0].State.Waiting
		if c == nil || !strings.Contains(c.Reason, reason) || !strings.Contains(c.Message, message) {
			return fmt.Errorf("waiting %+v of %+v", c, s.ContainerStatuses[0].State)
		}
		return nil
	}
}
