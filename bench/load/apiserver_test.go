// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"evenkeel.dev/evenkeel/bench/load/checker"
	"evenkeel.dev/evenkeel/bench/load/fill"
	"evenkeel.dev/evenkeel/bench/load/offender"
	"evenkeel.dev/evenkeel/bench/load/victim"
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

func user(t *testing.T, env *envtest.Environment, name string, groups ...string) *rest.Config {
	t.Helper()
	u, err := env.AddUser(envtest.User{Name: name, Groups: groups}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return u.Config()
}

// TestAgainstARealAPIServer plays all loads on one server: starting it is most of
// the test's time.
func TestAgainstARealAPIServer(t *testing.T) {
	env := apiserver(t)
	admin := kubernetes.NewForConfigOrDie(env.Config)
	options := fill.Options{Config: env.Config, Pods: 200, PodBytes: 4096, Nodes: 20}
	t.Run("fill", func(t *testing.T) { testFill(t, admin, options) })
	t.Run("leases", func(t *testing.T) { testLeases(t, env, admin, options.Nodes) })
	t.Run("renewals that are told", func(t *testing.T) { testTold(t, env) })
	t.Run("checker", func(t *testing.T) { testChecker(t, env, admin) })
	t.Run("controller", func(t *testing.T) { testController(t, env, admin) })
	t.Run("no rights", func(t *testing.T) { testNoRights(t, env) })
	t.Run("offender", func(t *testing.T) { testOffender(t, env) })
}

func testFill(t *testing.T, admin kubernetes.Interface, o fill.Options) {
	last := 0
	o.Progress = func(done, total int) { last = max(last, done*1000+total) }
	for range 2 { // the second time everything exists
		if err := fill.Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if last != 270*1000+270 { // 50 namespaces, 20 leases, 200 pods
		t.Errorf("progress ended at %d of %d", last/1000, last%1000)
	}
	pods, err := admin.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(pods)
	if err != nil {
		t.Fatal(err)
	}
	if each := len(raw) / o.Pods; len(pods.Items) != o.Pods || each < 3700 || each > 4500 {
		t.Errorf("%d pods of %d bytes, want %d of about %d", len(pods.Items), each, o.Pods, o.PodBytes)
	}
	namespace, name := fill.PodName(123)
	pod, err := admin.CoreV1().Pods(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil || pod.Spec.NodeName != fill.NodeName(3) {
		t.Errorf("pod 123: %v on %q", err, pod.Spec.NodeName)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := fill.Run(ctx, o); err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("a fill that was cut off: %v", err)
	}
}

func testLeases(t *testing.T, env *envtest.Environment, admin *kubernetes.Clientset, nodes int) {
	identity := func(node string) *rest.Config { return user(t, env, "system:node:"+node, "system:nodes") }
	l, err := victim.NewLeases(victim.LeasesOptions{Nodes: fill.NodeNames(nodes), Rate: 50,
		ConfigFor: func(node string) (*rest.Config, error) { return identity(node), nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	from := time.Now()
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	got := l.Recorder.Window(from, time.Now())
	if got.Count < 45 || got.Failed+got.Rejected > 0 || got.P50 == 0 {
		t.Errorf("renewals: %+v, want about 50 and no failure", got)
	}
	leases, err := admin.CoordinationV1().Leases(corev1.NamespaceNodeLease).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, lease := range leases.Items {
		if lease.Spec.RenewTime.Time.Before(from) {
			t.Errorf("lease %s was last renewed %v before the run", lease.Name, from.Sub(lease.Spec.RenewTime.Time))
		}
	}
	page, err := admin.RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	series := `apiserver_flowcontrol_dispatched_requests_total{flow_schema="system-node-high",priority_level="node-high"}`
	if !strings.Contains(string(page), series) {
		t.Error("the renewals were not of FlowSchema system-node-high")
	}
	// A node may not touch another's lease: the identities are real ones.
	l, err = victim.NewLeases(victim.LeasesOptions{Nodes: []string{fill.NodeName(1)}, Rate: 1,
		ConfigFor: func(string) (*rest.Config, error) { return identity(fill.NodeName(0)), nil }})
	if err != nil {
		t.Fatal(err)
	}
	err = l.Connect(t.Context())
	if want := "reading the lease of node node-0001: answered 403 Forbidden"; err == nil || err.Error() != want {
		t.Errorf("err = %v, want %s", err, want)
	}
}

// Every renewal is told once, with who carried it, and a server that has gone is told as
// an error.
func testTold(t *testing.T, env *envtest.Environment) {
	var mu sync.Mutex
	var told []victim.Renewal
	l, err := victim.NewLeases(victim.LeasesOptions{
		Nodes: fill.NodeNames(2), Rate: 20,
		ConfigFor: func(node string) (*rest.Config, error) { return user(t, env, "system:node:"+node, "system:nodes"), nil },
		Carrier:   func(client string) string { return "by " + client },
		Tell: func(r victim.Renewal) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, r)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	carriers := map[string]bool{}
	for _, r := range told {
		if !r.OK() || r.Sent.Before(r.Due) || r.Ended.Before(r.Sent) || !strings.HasPrefix(r.Carrier, "by 127.0.0.1:") {
			t.Errorf("told of %+v", r)
		}
		carriers[r.Carrier] = true
	}
	if n := len(l.Recorder.Samples()); len(told) < 15 || len(told) < n-1 || len(told) > n || len(carriers) != 2 {
		t.Errorf("%d of %d renewals are told, over the connections %v", len(told), n, carriers)
	}
}

// The checker finds what was taken away behind its back, and nothing else.
func testChecker(t *testing.T, env *envtest.Environment, admin kubernetes.Interface) {
	c, err := checker.New(checker.Options{Config: env.Config, Namespace: metav1.NamespaceDefault, Writers: 2, Rate: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	began := time.Now()
	c.Run(ctx)
	if err := c.ReadBack(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := c.Counts()
	if n.Acknowledged < 100 || n.Lost+n.Strange+n.Refused > 0 || n.Reads < 30 {
		t.Errorf("counts: %+v, want hundreds of writes and nothing lost", n)
	}
	first, every := c.Resumed(began)
	if first.Before(began) || every.Before(first) {
		t.Errorf("writes were acknowledged at %s and of all writers at %s, the run began at %s", first, every, began)
	}
	if first, _ := c.Resumed(time.Now()); !first.IsZero() {
		t.Error("writes go on, although the checker has stopped")
	}
	maps := admin.CoreV1().ConfigMaps(metav1.NamespaceDefault)
	if err := maps.Delete(t.Context(), "checker-00-n000005", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	back, err := maps.Get(t.Context(), "checker-01-k1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	back.Data["n"] = "1" // an earlier write
	if _, err := maps.Update(t.Context(), back, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.ReadBack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.Counts().Lost; got != 2 {
		t.Errorf("%d acknowledged writes are lost, want the object that was deleted and the write that was undone", got)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := c.ReadBack(ended); err == nil || !strings.Contains(err.Error(), "reading back ConfigMap default/checker-0") {
		t.Errorf("reading back without time: %v", err)
	}
}

func testController(t *testing.T, env *envtest.Environment, admin kubernetes.Interface) {
	grant(t, admin, "controller", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods", "configmaps"}, Verbs: []string{"get", "list", "watch"}})
	namespace, name := fill.PodName(0)
	c, err := victim.NewController(victim.ControllerOptions{
		Config: user(t, env, "controller"), Writer: env.Config, Namespace: metav1.NamespaceDefault,
		PodNamespace: namespace, PodName: name, Rate: 20, Beats: 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	from := time.Now()
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
	gets, deliveries := c.Gets.Window(from, time.Now()), c.Deliveries.Window(from, time.Now())
	if gets.Count < 15 || gets.Failed+gets.Rejected+gets.Pending > 0 {
		t.Errorf("gets: %+v, want about 20 and no failure", gets)
	}
	if deliveries.Count < 8 || deliveries.Failed+deliveries.Pending > 0 || deliveries.P50 > time.Second {
		t.Errorf("deliveries: %+v, want about 10 and no failure", deliveries)
	}
}

func testNoRights(t *testing.T, env *envtest.Environment) {
	c, err := victim.NewController(victim.ControllerOptions{
		Config: user(t, env, "stranger"), Writer: env.Config, Namespace: metav1.NamespaceDefault, Rate: 1, Beats: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err = c.Start(ctx)
	if err == nil || !strings.Contains(err.Error(), `User "stranger" cannot list resource "configmaps"`) {
		t.Errorf("err = %v, want to be told of the missing right", err)
	}
}

func testOffender(t *testing.T, env *envtest.Environment) {
	f, err := offender.New(offender.Options{Config: env.Config, Clients: 2})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	from := time.Now()
	f.Run(ctx)
	got := f.Window(from, time.Now())
	if got.OK == 0 || got.Failed+got.Rejected > 0 || got.Bytes/int64(got.OK) < 200*3700 {
		t.Errorf("counts: %+v, want whole lists of 200 pods", got)
	}
}

func grant(t *testing.T, admin kubernetes.Interface, name string, rule rbacv1.PolicyRule) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: name}
	_, err := admin.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{rule}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(fmt.Errorf("binding %s: %w", name, err))
	}
}
