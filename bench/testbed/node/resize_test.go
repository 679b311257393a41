// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func (b *bed) resized(ctx context.Context, t *testing.T, p *corev1.Pod) {
	t.Helper()
	b.resize(ctx, t, p, "200m", "700m", nil)
	await(ctx, t, 30*time.Second, "the resize", func(ctx context.Context) error {
		now, err := b.client.CoreV1().Pods("default").Get(ctx, p.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s := now.Status.ContainerStatuses[0]
		if s.Resources.Limits.Cpu().String() != "700m" || s.AllocatedResources.Cpu().String() != "200m" || s.RestartCount != 0 {
			return fmt.Errorf("resources %+v, allocated %v, restarts %d", s.Resources, s.AllocatedResources, s.RestartCount)
		}
		return nil
	})
	g, err := b.groups.Group("pods/" + string(p.UID) + "/app")
	if err != nil {
		t.Fatal(err)
	}
	quota := map[string][2]string{"v1": {"cpu.cfs_quota_us", "70000"}, "v2": {"cpu.max", "70000 100000"}}[b.groups.Mode()]
	found := false
	for _, file := range g.ProcsFiles() { // one for each controller in v1
		path := filepath.Join(filepath.Dir(file), quota[0])
		if _, err := os.Stat(path); err == nil {
			wantFile(t, path, quota[1])
			found = true
		}
	}
	if len(g.ProcsFiles()) > 0 && !found {
		t.Errorf("the container's cgroup has no %s", quota[0])
	}
	b.belowUsage(ctx, t, p)
	b.deferred(ctx, t, p)
}

// deferred asks for more than the node has left, and then makes room.
func (b *bed) deferred(ctx context.Context, t *testing.T, p *corev1.Pod) {
	t.Helper()
	spec := template("large")
	spec.Name = "large"
	spec.Spec.NodeName, spec.Spec.TopologySpreadConstraints = p.Spec.NodeName, nil
	spec.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("3")}}
	large := &corev1.Pod{ObjectMeta: spec.ObjectMeta, Spec: spec.Spec}
	if _, err := b.client.CoreV1().Pods("default").Create(ctx, large, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	b.awaitReady(ctx, t, "large", 1)
	b.resize(ctx, t, p, "2", "2", func(c corev1.PodCondition) error {
		if c.Reason != corev1.PodReasonDeferred || c.Message != "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000" {
			return fmt.Errorf("%s: %s", c.Reason, c.Message)
		}
		if c.ObservedGeneration <= p.Generation {
			return fmt.Errorf("the condition is about generation %d", c.ObservedGeneration)
		}
		return nil
	})
	if err := b.client.CoreV1().Pods("default").Delete(ctx, "large", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, 30*time.Second, "the deferred resize", func(ctx context.Context) error {
		now, err := b.client.CoreV1().Pods("default").Get(ctx, p.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s := now.Status.ContainerStatuses[0]
		if s.Resources.Limits.Cpu().String() != "2" || s.RestartCount != 0 {
			return fmt.Errorf("resources %+v, conditions %+v", s.Resources, now.Status.Conditions)
		}
		return nil
	})
}

// belowUsage asks for less memory than is in use, which is not done, and takes that
// back. The page cache is in use as well, although the working set is far below.
func (b *bed) belowUsage(ctx context.Context, t *testing.T, p *corev1.Pod) {
	t.Helper()
	if b.groups.Mode() == "none" {
		return // nothing is known of what is in use
	}
	ask(ctx, t, p, "/cache")
	b.wantCacheAbove(t, p, 60<<20)
	var failing int64
	for _, c := range []struct {
		request, limit, reason, message string
	}{
		{"1Mi", "60Mi", corev1.PodReasonError, `cannot decrease memory limits: attempting to set container "app" memory limit (62914560) below current usage (`},
		{"2Mi", "60Mi", corev1.PodReasonError, "cannot decrease memory limits: "}, // asked for anew: it fails anew
		{"64Mi", "512Mi", "", ""},
	} {
		now := b.memory(ctx, t, p, c.request, c.limit)
		await(ctx, t, 30*time.Second, "the condition PodResizeInProgress", func(ctx context.Context) error {
			got, s, err := b.progress(ctx, p)
			if err != nil {
				return err
			}
			if got.Reason != c.reason || !strings.HasPrefix(got.Message, c.message) || s.Resources.Limits.Memory().String() != "512Mi" {
				return fmt.Errorf("condition %+v, in force %+v", got, s.Resources)
			}
			if c.reason != "" && (got.ObservedGeneration != now.Generation || s.AllocatedResources.Memory().String() != c.request) {
				return fmt.Errorf("condition %+v of generation %d, allocated %v", got, now.Generation, s.AllocatedResources)
			}
			failing = max(failing, got.ObservedGeneration)
			return nil
		})
	}
	if failing == 0 {
		t.Error("the condition does not say which generation it is about")
	}
}

// wantCacheAbove sees to it that the test would fail by the working set alone.
func (b *bed) wantCacheAbove(t *testing.T, p *corev1.Pod, limit uint64) {
	t.Helper()
	g, err := b.groups.Group("pods/" + string(p.UID) + "/app")
	if err != nil {
		t.Fatal(err)
	}
	if u, err := g.Usage(); err != nil || u.MemoryBytes < limit || u.WorkingSetBytes >= limit {
		t.Errorf("usage %+v, error %v: want more than %d in use and less in the working set", u, err, limit)
	}
}

func (b *bed) memory(ctx context.Context, t *testing.T, p *corev1.Pod, request, limit string) *corev1.Pod {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"containers":[{"name":"app","resources":{"requests":{"memory":%q},"limits":{"memory":%q}}}]}}`, request, limit)
	now, err := b.client.CoreV1().Pods("default").Patch(ctx, p.Name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "resize")
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// progress is the condition PodResizeInProgress, empty when there is none, and the
// container's status.
func (b *bed) progress(ctx context.Context, p *corev1.Pod) (c corev1.PodCondition, s corev1.ContainerStatus, err error) {
	now, err := b.client.CoreV1().Pods("default").Get(ctx, p.Name, metav1.GetOptions{})
	if err != nil {
		return c, s, err
	}
	for _, condition := range now.Status.Conditions {
		if condition.Type == corev1.PodResizeInProgress {
			c = condition
		}
	}
	return c, now.Status.ContainerStatuses[0], nil
}

// resize asks for other CPU and waits for what the PodResizePending condition is
// to say.
func (b *bed) resize(ctx context.Context, t *testing.T, p *corev1.Pod, request, limit string, pending func(corev1.PodCondition) error) {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":%q},"limits":{"cpu":%q}}}]}}`, request, limit)
	_, err := b.client.CoreV1().Pods("default").Patch(ctx, p.Name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "resize")
	if err != nil {
		t.Fatal(err)
	}
	if pending == nil {
		return
	}
	await(ctx, t, 30*time.Second, "the condition PodResizePending", func(ctx context.Context) error {
		now, err := b.client.CoreV1().Pods("default").Get(ctx, p.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, c := range now.Status.Conditions {
			if c.Type == corev1.PodResizePending {
				return pending(c)
			}
		}
		return fmt.Errorf("conditions %+v", now.Status.Conditions)
	})
}
