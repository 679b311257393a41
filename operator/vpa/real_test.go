// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/hosttest"
	"evenkeel.dev/evenkeel/operator/vpa"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// host is the server of the package's tests, with the CRDs of both.
var host client.Client

func TestMain(m *testing.M) { hosttest.MainWith(m, &host, kinds) }

func kinds() (hosttest.Kinds, error) {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/autoscaler/vertical-pod-autoscaler").Output() //nolint:noctx // before any test
	if err != nil {
		return hosttest.Kinds{}, fmt.Errorf("finding the CRDs of VerticalPodAutoscalers: %w", err)
	}
	return hosttest.Kinds{
		Add: []func(*runtime.Scheme) error{scheme.AddToScheme, v1alpha1.AddToScheme, vpav1.AddToScheme},
		CRDs: []string{
			filepath.Join("..", "..", "manifests", "crd"), filepath.Join(strings.TrimSpace(string(module)), "deploy", "vpa-v1-crd-gen.yaml"),
		},
	}, nil
}

// uses is what every container uses.
type uses struct {
	mu          sync.Mutex
	cpu, memory float64
	now         func() time.Time
	asked       int
}

func (u *uses) Of(string, string, string) (sizing.Usage, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked++
	return sizing.Usage{At: u.now(), CPU: u.cpu, Memory: u.memory}, u.cpu > 0
}

func (*uses) Fault() *plane.Fault { return nil }

// looks is how often was asked.
func (u *uses) looks() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked
}

func (u *uses) set(cpu, memory float64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.cpu, u.memory = cpu, memory
}

// namespace is one of the test's own, with a Deployment web and a pod of it.
func namespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "vpa-"}}
	create(t, ns)
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app"}}}
	labels := map[string]string{"app": "web"}
	create(t, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: "web"}, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
	}})
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: "web-1", Labels: labels}, Spec: spec}
	create(t, pod)
	pod.Status.Phase = corev1.PodRunning
	if err := host.Status().Update(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

func create(t *testing.T, o client.Object) {
	t.Helper()
	if err := host.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// recommend runs a recommender whose minutes are short, until stop.
func recommend(t *testing.T, u *uses) (stop func()) {
	t.Helper()
	began := time.Now()
	return recommendBy(t, u, func() time.Time { return began.Add(200 * time.Since(began)) })
}

// recommendBy runs a recommender by a clock.
func recommendBy(t *testing.T, u *uses, now func() time.Time) (stop func()) {
	t.Helper()
	u.now = now
	r := &vpa.Recommender{Client: host, Host: host, Usage: u, Name: "evenkeel", Interval: 50 * time.Millisecond, Now: u.now}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Start(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the recommender ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func await(t *testing.T, complaint func() string) {
	t.Helper()
	last := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if last = complaint(); last == "" {
			return
		}
	}
	t.Fatalf("for 20 s: %s", last)
}

func seen(t *testing.T, namespace, name string) *vpav1.VerticalPodAutoscaler {
	t.Helper()
	o := &vpav1.VerticalPodAutoscaler{}
	if err := host.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o); err != nil {
		t.Fatal(err)
	}
	return o
}

// recommended waits for a recommendation of memory of at least so much.
func recommended(t *testing.T, ns, name string, least float64) {
	t.Helper()
	await(t, func() string {
		r := seen(t, ns, name).Status.Recommendation
		if r == nil {
			return "no recommendation"
		}
		if got := r.ContainerRecommendations[0].Target[corev1.ResourceMemory]; got.AsApproximateFloat64() < least {
			return "the target is " + got.String()
		}
		return ""
	})
}

// It recommends once there are samples, leaves others' alone, writes only what has changed,
// and goes on after a restart and under another target's name.
func TestTheRecommender(t *testing.T) {
	ns := namespace(t)
	create(t, asking(ns, "web", "evenkeel"))
	create(t, asking(ns, "others", "default"))
	profiles := asking(ns, "profiles", "evenkeel")
	profiles.Annotations = map[string]string{v1alpha1.OwnerAnnotation: "ns/acme/1"}
	create(t, profiles)
	u := &uses{}
	stop := recommend(t, u)
	await(t, func() string {
		if o := seen(t, ns, "web"); condition(o.Status, vpav1.RecommendationProvided) != corev1.ConditionFalse || o.Status.Recommendation != nil {
			return fmt.Sprintf("%+v", o.Status)
		}
		return ""
	})
	u.set(0.5, 1<<30)
	recommended(t, ns, "web", 1<<30)
	await(t, func() string { // a steady load comes to rest
		was := seen(t, ns, "web").ResourceVersion
		time.Sleep(300 * time.Millisecond)
		if is := seen(t, ns, "web").ResourceVersion; is != was {
			return "the status is written again and again"
		}
		return ""
	})
	for _, name := range []string{"others", "profiles"} {
		if s := seen(t, ns, name).Status; s.Recommendation != nil || len(s.Conditions) != 0 {
			t.Errorf("%s has got %+v", name, s)
		}
	}
	stop()
	u.set(0, 0)
	o := seen(t, ns, "web")
	before := o.DeepCopy()
	o.Spec.TargetRef.Name = "renamed"
	if err := host.Patch(t.Context(), o, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	recommend(t, u)
	await(t, func() string {
		if s := seen(t, ns, "web").Status; condition(s, vpav1.ConfigUnsupported) != corev1.ConditionTrue {
			return "it does not say that its target is not there"
		}
		return ""
	})
	recommended(t, ns, "web", 1<<30)
}
