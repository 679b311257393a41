// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package host_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
	"evenkeel.dev/evenkeel/bench/testbed/host"
	"evenkeel.dev/evenkeel/bench/testbed/process"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

func TestMain(m *testing.M) {
	process.MaybeShim()
	os.Exit(m.Run())
}

// binaries are the upstream servers that `make test` has built.
func binaries(t *testing.T) servers.Binaries {
	t.Helper()
	dir := os.Getenv("KUBEBUILDER_ASSETS")
	if dir == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	return servers.Binaries{
		KubeAPIServer: at("kube-apiserver"), KubeControllerManager: at("kube-controller-manager"),
		KubeScheduler: at("kube-scheduler"), Kubectl: at("kubectl"), Etcd: at("etcd"),
	}
}

func TestHostClusterRunsRealControllers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	runner, err := process.NewRunner(dir)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := cgroup.Detect(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := host.Start(ctx, host.Options{Dir: filepath.Join(dir, "host"), Binaries: binaries(t), Runner: runner, Cgroups: groups, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := c.Stop(stop); err != nil {
			t.Errorf("stopping: %v", err)
		}
		if err := process.Clean(dir); err != nil {
			t.Errorf("processes are left: %v", err)
		}
		if err := groups.Clean(); err != nil {
			t.Errorf("cgroups are left: %v", err)
		}
	})
	client, err := kubernetes.NewForConfig(c.AdminConfig)
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{"app": "idle"}
	_, err = client.AppsV1().Deployments("default").Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "idle"},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](2), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "idle", Image: "idle"}}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	awaitUnschedulable(ctx, t, client, 2)
	_, user, err := c.Kubeconfig("somebody")
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := kubernetes.NewForConfig(user)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nobody.CoreV1().Secrets("kube-system").List(ctx, metav1.ListOptions{}); err == nil {
		t.Error("a user without any role may list secrets: RBAC is not on")
	}
}

// awaitUnschedulable waits until the scheduler has said of so many pods that
// there is no node for them.
func awaitUnschedulable(ctx context.Context, t *testing.T, client kubernetes.Interface, want int) {
	t.Helper()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		pods, err := client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=idle"})
		if err != nil {
			t.Fatal(err)
		}
		said := 0
		for _, p := range pods.Items {
			for _, c := range p.Status.Conditions {
				if c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable {
					said++
				}
			}
		}
		if said == want {
			tick.Stop()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d of %d pods are known to be unschedulable", said, want)
		case <-tick.C:
		}
	}
}
