// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/operator/controller"
)

// world is a namespace with a tenant's workloads, and an operator that has just
// the rights that are shipped.
type world struct {
	client.Client
	t      *testing.T
	ns     string
	tenant *tenant
	wire   *wire
	// ahead is added to the operator's clock.
	ahead atomic.Int64
	// open and decide replace the fake tenant and the recommender.
	open    controller.Opener
	decide  controller.Decider
	options controller.Options
	// dying is true once the namespace is being deleted: nothing can be made there.
	dying bool
	// ungranted is true where the right to patch the workload is not granted.
	ungranted bool
	// as is who the operator is, where that is not its service account, and
	// ungrantedBudgets is true where it may not list disruption budgets.
	as               *rest.Config
	ungrantedBudgets bool
	// looks gives the operator a vantage point, which is what it then looks from.
	looks   bool
	outlook *outlook
	// usage is what pods use; nil sizes nothing.
	usage *uses
}

// now is the operator's clock.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// newWorld makes a namespace with a Deployment of two apiservers, its access
// Secret and the right to read it. The operator is started by start.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		Client: host.admin, t: t, tenant: &tenant{}, wire: &wire{},
		options: controller.Options{Tick: 200 * time.Millisecond, FastTick: 50 * time.Millisecond, Pulse: 20 * time.Millisecond, Concurrency: 4},
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "tenant-"}}
	w.create(ns)
	w.ns = ns.Name
	w.create(&corev1.Secret{ObjectMeta: w.named("access"), Data: map[string][]byte{"kubeconfig": host.kubeconfig}})
	if err := apply(t.Context(), w, "tenant-namespace/secret-access.yaml", "tenant-acme", w.ns, "acme-evenkeel", "access"); err != nil {
		t.Fatal(err)
	}
	// The shipped rights are enough for everything but a Secret that nobody granted.
	t.Cleanup(func() {
		for _, request := range w.wire.denied() {
			if w.ungranted && strings.HasPrefix(request, "PATCH ") && strings.Contains(request, "/deployments/") {
				continue
			}
			if w.ungrantedBudgets && strings.HasSuffix(request, "/poddisruptionbudgets") {
				continue
			}
			if !strings.Contains(request, "/secrets/") && (!w.dying || !strings.HasSuffix(request, "/events")) {
				t.Errorf("the operator may not: %s", request)
			}
		}
	})
	w.deployment("kube-apiserver", "--max-requests-inflight=200", "--max-mutating-requests-inflight", "100")
	return w
}

func (w *world) named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: w.ns, Name: name}
}

func (w *world) create(o client.Object) {
	w.t.Helper()
	if err := w.Create(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
}

// deployment makes a Deployment and two pods of it, as the host's controllers and
// kubelets would.
func (w *world) deployment(name string, args ...string) {
	w.t.Helper()
	labels := map[string]string{"app": name}
	pod := w.deploymentPod("kube-apiserver", args...)
	w.create(&appsv1.Deployment{ObjectMeta: w.named(name), Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod.Spec},
	}})
	for i := range 2 {
		w.pod(name, fmt.Sprintf("%s-5d4f-%d", name, i), fmt.Sprintf("127.77.0.%d", i+1), pod.Spec)
	}
}

func (w *world) deploymentPod(container string, args ...string) *corev1.Pod {
	return &corev1.Pod{Spec: corev1.PodSpec{NodeName: "node-a", Containers: []corev1.Container{{
		Name: container, Image: "kube-apiserver", Command: []string{"kube-apiserver"}, Args: args,
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("512Mi"),
		}},
	}}}}
}

// pod makes a ready pod of a Deployment.
func (w *world) pod(deployment, name, ip string, spec corev1.PodSpec) {
	w.t.Helper()
	p := &corev1.Pod{ObjectMeta: w.named(name), Spec: spec}
	p.Labels = map[string]string{"app": deployment, "pod-template-hash": "5d4f"}
	p.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "apps/v1", Kind: "ReplicaSet", Name: deployment + "-5d4f", UID: "0", Controller: new(true),
	}}
	w.create(p)
	p.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	if err := w.Status().Update(w.t.Context(), p); err != nil {
		w.t.Fatal(err)
	}
}

// profile makes a profile of the Deployment; change may be nil.
func (w *world) profile(name string, change func(cpp *v1alpha1.ControlPlaneProfile)) *v1alpha1.ControlPlaneProfile {
	w.t.Helper()
	cpp := &v1alpha1.ControlPlaneProfile{ObjectMeta: w.named(name), Spec: v1alpha1.ControlPlaneProfileSpec{
		APIServer: v1alpha1.APIServerSpec{TargetRef: v1alpha1.TargetRef{Kind: "Deployment", Name: "kube-apiserver"}},
		Access:    v1alpha1.AccessSpec{KubeconfigSecretRef: v1alpha1.SecretKeyRef{Name: "access"}},
	}}
	if change != nil {
		change(cpp)
	}
	w.create(cpp)
	return cpp
}

// change changes a profile, whatever the operator writes meanwhile.
func (w *world) change(name string, how func(cpp *v1alpha1.ControlPlaneProfile)) {
	w.t.Helper()
	cpp := w.seen(name)
	before := cpp.DeepCopy()
	how(cpp)
	if err := w.Patch(w.t.Context(), cpp, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
}

// start runs the operator until the test ends or stop is called.
func (w *world) start() (stop func()) {
	w.t.Helper()
	hostConfig := rest.CopyConfig(host.operator)
	if w.as != nil {
		hostConfig = w.as
	}
	hostConfig.QPS = -1
	hostConfig.Wrap(w.wire.wrap)
	cached := controller.CacheOptions()
	cached.DefaultNamespaces = map[string]cache.Config{w.ns: {}}
	m, err := ctrl.NewManager(hostConfig, ctrl.Options{
		Scheme: host.scheme, Cache: cached, Metrics: metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	open := w.open
	if open == nil {
		open = func(*access.Access, actuate.Owner) (controller.Tenant, error) {
			w.tenant.with(func(f *tenant) { f.opened++ })
			return w.tenant, nil
		}
	}
	r := &controller.Reconciler{
		Client: m.GetClient(), Host: m.GetAPIReader(), Events: m.GetEventRecorder("evenkeel"), Open: open, Decide: w.decide,
		Now: w.now, Options: w.options,
	}
	if w.usage != nil {
		r.Usage = w.usage
	}
	if w.looks {
		w.lookFrom(m, r)
	}
	if err := r.SetupWithManager(m); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Start(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			w.t.Errorf("the operator ended with %v", err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

// seen reads a profile.
func (w *world) seen(name string) *v1alpha1.ControlPlaneProfile {
	w.t.Helper()
	cpp := &v1alpha1.ControlPlaneProfile{}
	if err := w.Get(w.t.Context(), client.ObjectKey{Namespace: w.ns, Name: name}, cpp); client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	return cpp
}

// ready is "status reason" of a profile's Ready condition, and its message.
func (w *world) ready(name string) (state, message string) {
	w.t.Helper()
	c := meta.FindStatusCondition(w.seen(name).Status.Conditions, v1alpha1.ConditionReady)
	if c == nil {
		return "", ""
	}
	return string(c.Status) + " " + c.Reason, c.Message
}

// awaitReady waits for a state of a profile's Ready condition and returns the
// message.
func (w *world) awaitReady(name, want string) (message string) {
	w.t.Helper()
	w.await(func() string {
		var got string
		if got, message = w.ready(name); got != want {
			return fmt.Sprintf("Ready of %s is %q (%s), want %q", name, got, message, want)
		}
		return ""
	})
	return message
}

// events are those about profile acme: type, reason, action and note.
func (w *world) events() []string {
	w.t.Helper()
	var list eventsv1.EventList
	if err := w.List(w.t.Context(), &list, client.InNamespace(w.ns)); err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, e := range list.Items {
		if e.Regarding.Name == "acme" {
			out = append(out, strings.Join([]string{e.Type, e.Reason, e.Action, e.Note}, "|"))
		}
	}
	return out
}

// patience is how long a test waits for what is to come. Only a test that fails waits so long:
// three rounds of probes at the shortest interval there is are 15 s, and many worlds share a machine.
const patience = time.Minute

// await waits until there is nothing to complain about.
func (w *world) await(complaint func() string) {
	w.t.Helper()
	last := "nothing was looked at"
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if last = complaint(); last == "" {
			return
		}
	}
	w.t.Fatalf("for %s: %s", patience, last)
}

// awaitMore waits until a counter has grown by n.
func (w *world) awaitMore(what string, n int, counter func() int) {
	w.t.Helper()
	from := counter()
	w.await(func() string {
		if got := counter() - from; got < n {
			return fmt.Sprintf("%s: %d more, want %d", what, got, n)
		}
		return ""
	})
}

// wire is between the operator and the host's API.
type wire struct {
	mu sync.Mutex
	// down fails every request, as a host does that is not there; refuse those to
	// the status alone.
	down, refuse bool
	// cut fails those that it says; nil fails none.
	cut          func(r *http.Request) bool
	statusWrites int
	forbidden    []string
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (l *wire) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		toStatus := r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/status")
		l.mu.Lock()
		cut := l.down || l.refuse && toStatus || l.cut != nil && l.cut(r)
		if toStatus {
			l.statusWrites++
		}
		l.mu.Unlock()
		if cut {
			return nil, errors.New("the host is not there")
		}
		response, err := next.RoundTrip(r)
		if err == nil && response.StatusCode == http.StatusForbidden {
			l.mu.Lock()
			l.forbidden = append(l.forbidden, r.Method+" "+r.URL.Path)
			l.mu.Unlock()
		}
		return response, err
	})
}

func (l *wire) set(change func(l *wire)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

func (l *wire) writes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.statusWrites
}

func (l *wire) denied() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.forbidden
}
