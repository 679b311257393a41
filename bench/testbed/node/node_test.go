// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TestPodsOnThreeNodes runs pods on three nodes under real controllers and the
// real scheduler. The parts follow each other on one cluster, for starting one
// takes longer than all of them.
func TestPodsOnThreeNodes(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	b := newBed(ctx, t)
	pods := b.deploy(ctx, t)
	b.wantOnePerZone(ctx, t, pods)
	b.wantIdentity(ctx, t, &pods[0])
	b.wantLogsAndUsage(ctx, t, &pods[0])
	b.killed(ctx, t, &pods[0])
	b.killedByName(ctx, t, &pods[2])
	b.resized(ctx, t, &pods[1])
	b.evicted(ctx, t)
	b.stateful(ctx, t)
	b.lifecycles(ctx, t)
	b.scaled(ctx, t)
	b.sizedByUpstream(ctx, t)
	b.powerCut(ctx, t)
	b.stopped(ctx, t)
}

func (b *bed) deploy(ctx context.Context, t *testing.T) []corev1.Pod {
	t.Helper()
	_, err := b.client.AppsV1().Deployments("default").Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(3)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			Template: template("web"),
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return b.awaitReady(ctx, t, "web", 3)
}

func (b *bed) wantOnePerZone(ctx context.Context, t *testing.T, pods []corev1.Pod) {
	t.Helper()
	zones, addresses := map[string]bool{}, map[string]bool{}
	for _, p := range pods {
		n, err := b.client.CoreV1().Nodes().Get(ctx, p.Spec.NodeName, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		zones[n.Labels[corev1.LabelTopologyZone]], addresses[p.Status.PodIP] = true, true
		if n.Status.NodeInfo.KubeletVersion != "v1.36.3" || n.Status.DaemonEndpoints.KubeletEndpoint.Port == 0 {
			t.Errorf("node %s says version %q, port %d", n.Name, n.Status.NodeInfo.KubeletVersion, n.Status.DaemonEndpoints.KubeletEndpoint.Port)
		}
		if p.Status.HostIP != n.Status.Addresses[0].Address || p.Status.ObservedGeneration != p.Generation {
			t.Errorf("pod %s: hostIP %s, observedGeneration %d of %d", p.Name, p.Status.HostIP, p.Status.ObservedGeneration, p.Generation)
		}
	}
	if len(zones) != 3 || len(addresses) != 3 {
		t.Errorf("pods are in zones %v at %v, want three of each", zones, addresses)
	}
}

func (b *bed) wantIdentity(ctx context.Context, t *testing.T, p *corev1.Pod) {
	t.Helper()
	if got := ask(ctx, t, p, "/whoami"); got != "system:serviceaccount:default:default" {
		t.Errorf("the pod is %q to the API server", got)
	}
}

func (b *bed) killed(ctx context.Context, t *testing.T, p *corev1.Pod) {
	t.Helper()
	pid, err := strconv.Atoi(ask(ctx, t, p, "/pid"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, 30*time.Second, "the killed container's restart", func(ctx context.Context) error {
		now, err := b.client.CoreV1().Pods("default").Get(ctx, p.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s := now.Status.ContainerStatuses[0]
		last := s.LastTerminationState.Terminated
		if s.RestartCount != 1 || !isReady(now) || last == nil || last.ExitCode != 137 || last.Reason != "Error" {
			return fmt.Errorf("restarts %d, ready %t, last %+v", s.RestartCount, isReady(now), last)
		}
		return nil
	})
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	if got := strings.TrimSpace(string(raw)); got != want {
		t.Errorf("%s is %q, want %q", filepath.Base(path), got, want)
	}
}

func (b *bed) evicted(ctx context.Context, t *testing.T) {
	t.Helper()
	_, err := b.client.PolicyV1().PodDisruptionBudgets("default").Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: new(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pods := b.awaitReady(ctx, t, "web", 3)
	// An eviction before the controller has looked is refused, with ten seconds to wait.
	await(ctx, t, 30*time.Second, "the budget to be counted", func(ctx context.Context) error {
		budget, err := b.client.PolicyV1().PodDisruptionBudgets("default").Get(ctx, "web", metav1.GetOptions{})
		if err == nil && (budget.Status.ObservedGeneration == 0 || budget.Status.DisruptionsAllowed != 1) {
			err = fmt.Errorf("its status is %+v", budget.Status)
		}
		return err
	})
	evict := func(ctx context.Context, name string) error {
		return b.client.PolicyV1().Evictions("default").Evict(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}})
	}
	if err := evict(ctx, pods[0].Name); err != nil {
		t.Fatalf("the first eviction: %v", err)
	}
	if err := evict(ctx, pods[1].Name); !apierrors.IsTooManyRequests(err) {
		t.Errorf("a second eviction at once: %v, want it refused by the budget", err)
	}
	await(ctx, t, 30*time.Second, "the evicted pod's end", func(ctx context.Context) error {
		_, err := b.client.CoreV1().Pods("default").Get(ctx, pods[0].Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is still there: %w", err)
	})
	b.awaitReady(ctx, t, "web", 3)
}

// killedByName kills a pod as a fault would: it is started again.
func (b *bed) killedByName(ctx context.Context, t *testing.T, pod *corev1.Pod) {
	t.Helper()
	agent := b.nodes[strings.TrimPrefix(pod.Spec.NodeName, "node-")]
	if err := agent.KillPod("default", pod.Name); err != nil {
		t.Fatal(err)
	}
	if err := agent.KillPod("default", "nobody"); err == nil || !strings.Contains(err.Error(), "to pod default/nobody: nothing of it runs") {
		t.Errorf("killing a pod that is not there: %v", err)
	}
	await(ctx, t, 30*time.Second, "the pod that was killed", func(ctx context.Context) error {
		p, err := b.client.CoreV1().Pods("default").Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s := p.Status.ContainerStatuses[0]
		if was := pod.Status.ContainerStatuses[0].RestartCount; s.RestartCount != was+1 || !isReady(p) || s.LastTerminationState.Terminated.ExitCode != 137 {
			return fmt.Errorf("restarts %d after %d: %+v", s.RestartCount, was, s)
		}
		return nil
	})
}

// powerCut kills a node and starts it again: its pods come back as restarted.
func (b *bed) powerCut(ctx context.Context, t *testing.T) {
	t.Helper()
	before := map[types.UID]int32{}
	for _, p := range b.awaitReady(ctx, t, "web", 3) {
		if p.Spec.NodeName == "node-a" {
			before[p.UID] = p.Status.ContainerStatuses[0].RestartCount
		}
	}
	b.nodes["a"].Kill()
	b.startNode(ctx, t, "a", 1)
	await(ctx, t, 20*time.Second, "the pods of the node that was off", func(ctx context.Context) error {
		pods, err := b.pods(ctx, "web")
		if err != nil {
			return err
		}
		for _, p := range pods {
			was, ours := before[p.UID]
			if s := p.Status.ContainerStatuses[0]; ours && (s.RestartCount != was+1 || !isReady(&p) || s.LastTerminationState.Terminated.Reason != "Unknown") {
				return fmt.Errorf("pod %s: restarts %d after %d, %+v", p.Name, s.RestartCount, was, s)
			}
		}
		return nil
	})
	if len(before) != 1 {
		t.Errorf("%d pods were on the node that was off, want 1", len(before))
	}
}

// stopped checks that nothing is left when the nodes and the host have stopped.
func (b *bed) stopped(ctx context.Context, t *testing.T) {
	t.Helper()
	for zone, agent := range b.nodes {
		if err := agent.Stop(ctx); err != nil {
			t.Errorf("stopping node %s: %v", zone, err)
		}
		if _, err := os.Stat(filepath.Join(b.dir, "node-"+zone, "pods")); !os.IsNotExist(err) {
			t.Errorf("folders of pods are left on node %s: %v", zone, err)
		}
	}
	if err := b.host.Stop(ctx); err != nil {
		t.Error(err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range processes {
		raw, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(raw), "TMPDIR="+b.dir) {
			t.Errorf("a pod's process is left: %s", path)
		}
	}
	root, err := b.groups.Group("pods")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range root.ProcsFiles() {
		left, err := os.ReadDir(filepath.Dir(file))
		if err != nil {
			t.Error(err)
		}
		for _, e := range left {
			if e.IsDir() {
				t.Errorf("a pod's cgroup is left: %s", e.Name())
			}
		}
	}
}
