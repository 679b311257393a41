// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package nodes_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"evenkeel.dev/evenkeel/bench/load/fill"
	"evenkeel.dev/evenkeel/bench/load/nodes"
)

// apiserver starts a real one that treats nodes as a tenant's does.
func apiserver(t *testing.T) *envtest.Environment {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run the tests with `make test`")
	}
	env := &envtest.Environment{}
	env.ControlPlane.GetAPIServer().Configure().
		Set("authorization-mode", "Node,RBAC").
		Append("enable-admission-plugins", "NodeRestriction,ServiceAccount").
		Set("disable-admission-plugins", "DefaultTolerationSeconds")
	if _, err := env.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	return env
}

func identity(env *envtest.Environment, name string) (*rest.Config, error) {
	u, err := env.AddUser(envtest.User{Name: "system:node:" + name, Groups: []string{"system:nodes"}}, nil)
	if err != nil {
		return nil, err
	}
	return u.Config(), nil
}

// start starts a fleet that ends with the test.
func start(t *testing.T, o nodes.Options) *nodes.Fleet {
	t.Helper()
	o.Logf = t.Logf
	f, err := nodes.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Stop)
	return f
}

// await waits until a condition holds, and fails with what it said last where it never
// does.
func await(t *testing.T, what string, holds func() (bool, string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, last := holds()
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %s", what, last)
		case <-tick.C:
		}
	}
}

// TestAgainstARealAPIServer plays everything on one server: starting it is most of the
// test's time.
func TestAgainstARealAPIServer(t *testing.T) {
	env := apiserver(t)
	admin := kubernetes.NewForConfigOrDie(env.Config)
	own := func(name string) (*rest.Config, error) { return identity(env, name) }
	t.Run("another's identity", func(t *testing.T) {
		f := start(t, nodes.Options{Admin: env.Config, ConfigFor: func(string) (*rest.Config, error) { return identity(env, "another") }})
		err := f.Grow(t.Context(), 1)
		if want := "registering node node-0000: answered 403 Forbidden"; err == nil || err.Error() != want {
			t.Errorf("err = %v, want %s", err, want)
		}
	})
	f := start(t, nodes.Options{
		Admin: env.Config, ConfigFor: own, PodsPerNode: 2, Watching: 0.5, Rate: 100,
		Renew: 400 * time.Millisecond, Report: 200 * time.Millisecond,
	})
	for _, n := range []int{4, 10} { // the tenant grows
		if err := f.Grow(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("nodes", func(t *testing.T) { testNodes(t, admin) })
	t.Run("renewals", func(t *testing.T) { testRenewals(t, admin, f) })
	t.Run("watches", func(t *testing.T) { testWatches(t, admin) })
	t.Run("pods", func(t *testing.T) { testPods(t, admin, f) })
	t.Run("churn", func(t *testing.T) { testChurn(t, env, admin) })
}

func testNodes(t *testing.T, admin kubernetes.Interface) {
	began := metav1.Now()
	list, err := admin.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(list.Items) != 10 {
		t.Fatalf("%d nodes, %v; want 10", len(list.Items), err)
	}
	node := list.Items[7]
	if size := node.Size(); node.Name != fill.NodeName(7) || size < 4<<10 || size > 10<<10 {
		t.Errorf("node %s has %d bytes, want some KiB", node.Name, size)
	}
	await(t, "a heartbeat", func() (bool, string) {
		n, err := admin.CoreV1().Nodes().Get(t.Context(), node.Name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady {
				return c.Status == corev1.ConditionTrue && c.LastHeartbeatTime.After(began.Time), c.LastHeartbeatTime.String()
			}
		}
		return false, "it has no condition Ready"
	})
}

func testRenewals(t *testing.T, admin *kubernetes.Clientset, f *nodes.Fleet) {
	// Somebody else writes a Lease: the node takes note and goes on.
	leases := admin.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	patch := []byte(`{"metadata":{"labels":{"touched":"yes"}}}`)
	if _, err := leases.Patch(t.Context(), fill.NodeName(3), "application/merge-patch+json", patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	from := time.Now()
	await(t, "renewals of all nodes", func() (bool, string) {
		list, err := leases.List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return false, err.Error()
		}
		for _, l := range list.Items {
			if l.Spec.RenewTime.Time.Before(from) {
				return false, l.Name + " was last renewed at " + l.Spec.RenewTime.String()
			}
			if len(l.OwnerReferences) != 1 || l.OwnerReferences[0].UID == "" {
				t.Fatalf("lease %s has the owners %+v", l.Name, l.OwnerReferences)
			}
		}
		return len(list.Items) == 10, fmt.Sprintf("%d leases", len(list.Items))
	})
	if got := f.Renewals.Window(from, time.Now()); got.Count < 9 || got.Failed+got.Rejected > 0 || got.P50 == 0 || got.P99 > time.Second {
		t.Errorf("renewals: %+v", got)
	}
	series := `apiserver_flowcontrol_dispatched_requests_total{flow_schema="system-node-high",priority_level="node-high"}`
	if !strings.Contains(metrics(t, admin), series) {
		t.Error("the renewals were not of FlowSchema system-node-high")
	}
}

// testWatches: ten nodes watch their pods, and half of them three things besides. The
// apiserver watches all pods, all services and one ConfigMap itself.
func testWatches(t *testing.T, admin *kubernetes.Clientset) {
	for _, series := range []string{
		`resource="pods",scope="cluster",subresource="",verb="WATCH",version="v1"} 11`,
		`resource="nodes",scope="resource",subresource="",verb="WATCH",version="v1"} 5`,
		`resource="services",scope="cluster",subresource="",verb="WATCH",version="v1"} 6`,
		`resource="configmaps",scope="resource",subresource="",verb="WATCH",version="v1"} 6`,
	} {
		await(t, series, func() (bool, string) {
			var lines []string
			for line := range strings.Lines(metrics(t, admin)) {
				if strings.HasPrefix(line, "apiserver_longrunning_requests") {
					if strings.Contains(line, series) {
						return true, ""
					}
					lines = append(lines, line)
				}
			}
			return false, strings.Join(lines, "")
		})
	}
}

func testPods(t *testing.T, admin kubernetes.Interface, f *nodes.Fleet) {
	if err := f.Pack(t.Context(), 3, 1000); err != nil {
		t.Fatal(err)
	}
	if got := f.Size(); got != (nodes.Size{Nodes: 10, Pods: 30}) {
		t.Errorf("the fleet says it is %+v", got)
	}
	each := map[string]int{}
	for _, pod := range list(t, admin) {
		each[pod.Spec.NodeName]++
		if pod.Status.Phase != corev1.PodRunning || len(pod.Status.ContainerStatuses) != 2 || pod.Status.PodIP == "" {
			t.Fatalf("pod %s: %+v", pod.Name, pod.Status)
		}
		if size := pod.Size(); size < 1<<10 || size > 5<<10 {
			t.Fatalf("pod %s has %d bytes", pod.Name, size)
		}
	}
	for i := range 10 {
		if each[fill.NodeName(i)] != 3 {
			t.Errorf("%s has %d pods, want 3", fill.NodeName(i), each[fill.NodeName(i)])
		}
	}
}

func testChurn(t *testing.T, env *envtest.Environment, admin kubernetes.Interface) {
	for _, pod := range list(t, admin) {
		if err := admin.CoreV1().Pods(pod.Namespace).Delete(t.Context(), pod.Name, *metav1.NewDeleteOptions(0)); err != nil {
			t.Fatal(err)
		}
	}
	f := start(t, nodes.Options{
		Admin: env.Config, ConfigFor: func(name string) (*rest.Config, error) { return identity(env, name) },
		PodsPerNode: 2, Rate: 100, Churn: 50,
	})
	if err := f.Grow(t.Context(), 3); err != nil { // they exist: they are taken over
		t.Fatal(err)
	}
	first := map[string]bool{}
	for _, pod := range list(t, admin) {
		first[string(pod.UID)] = true
	}
	await(t, "other pods", func() (bool, string) {
		now := list(t, admin)
		fresh := 0
		for _, pod := range now {
			if !first[string(pod.UID)] {
				fresh++
			}
		}
		return fresh >= 3 && len(now) >= 5 && len(now) <= 6, fmt.Sprintf("%d pods, %d of them new", len(now), fresh)
	})
}

func list(t *testing.T, admin kubernetes.Interface) []corev1.Pod {
	t.Helper()
	pods, err := admin.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pods.Items
}

func metrics(t *testing.T, admin *kubernetes.Clientset) string {
	t.Helper()
	page, err := admin.RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestOptions(t *testing.T) {
	config := func(string) (*rest.Config, error) { return &rest.Config{}, nil }
	for name, o := range map[string]nodes.Options{
		"no administrator":   {ConfigFor: config},
		"no identities":      {Admin: &rest.Config{}},
		"more than all":      {Admin: &rest.Config{}, ConfigFor: config, Watching: 1.5},
		"fewer than no pods": {Admin: &rest.Config{}, ConfigFor: config, PodsPerNode: -1},
	} {
		if _, err := nodes.Start(t.Context(), o); err == nil || !strings.HasPrefix(err.Error(), "preparing nodes: ") {
			t.Errorf("%s: err = %v", name, err)
		}
	}
}
