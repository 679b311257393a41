// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler_test

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/hosttest"
	"evenkeel.dev/evenkeel/operator/scaler"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// host is the server of the package's tests, with Evenkeel's kinds.
var host client.Client

func TestMain(m *testing.M) {
	hosttest.MainWith(m, &host, func() (hosttest.Kinds, error) {
		return hosttest.Kinds{
			Add:  []func(*runtime.Scheme) error{scheme.AddToScheme, v1alpha1.AddToScheme},
			CRDs: []string{filepath.Join("..", "..", "manifests", "crd")},
		}, v1alpha1.AddToScheme(scheme.Scheme) // that of hosttest's clients of other users
	})
}

// stage is a namespace with a profile of Deployment kube-apiserver, 3 to 9 replicas of 5
// cores at the most, of which 3 are asked for now.
type stage struct {
	*hosttest.Host
	s scaler.Scaler
}

func newStage(t *testing.T) *stage {
	t.Helper()
	h := hosttest.New(t)
	return &stage{Host: h, s: scaler.Scaler{Profile: profileIn(t, h, "acme"), Replicas: 3}}
}

func profileIn(t *testing.T, h *hosttest.Host, name string) *v1alpha1.ControlPlaneProfile {
	t.Helper()
	cpp := &v1alpha1.ControlPlaneProfile{ObjectMeta: metav1.ObjectMeta{Namespace: h.Namespace, Name: name}, Spec: v1alpha1.ControlPlaneProfileSpec{
		APIServer: v1alpha1.APIServerSpec{
			TargetRef: v1alpha1.TargetRef{Kind: "Deployment", Name: "kube-apiserver"}, Container: "kube-apiserver",
			Replicas: &v1alpha1.Int32Range{Min: new(int32(3)), Max: new(int32(9))},
			CPU:      &v1alpha1.QuantityRange{Max: new(resource.MustParse("5"))},
		},
		Access: v1alpha1.AccessSpec{KubeconfigSecretRef: v1alpha1.SecretKeyRef{Name: "access"}},
	}}
	if err := host.Create(t.Context(), cpp); err != nil {
		t.Fatal(err)
	}
	return cpp
}

func (st *stage) ensure(t *testing.T) *plane.Fault {
	t.Helper()
	return st.s.Ensure(t.Context(), host, host)
}

func (st *stage) setFloor(t *testing.T, to int) *plane.Fault {
	t.Helper()
	return st.s.SetFloor(t.Context(), host, host, to)
}

func (st *stage) look(t *testing.T) plane.ScaleSeen {
	t.Helper()
	return st.s.Look(t.Context(), host)
}

// letGo lets go of it as who knows that the profile has adopted one.
func (st *stage) letGo(t *testing.T) {
	t.Helper()
	wantFault(t, scaler.LetGo(t.Context(), host, host, st.s.Profile, true), "")
}

// letGoAnew lets go of it as who has only just started.
func (st *stage) letGoAnew(t *testing.T) {
	t.Helper()
	wantFault(t, scaler.LetGo(t.Context(), host, host, st.s.Profile, false), "")
}

// apply applies what somebody else wants of an autoscaler over kube-apiserver.
func (st *stage) apply(t *testing.T, name, manager string, spec map[string]any) {
	t.Helper()
	whole := map[string]any{"maxReplicas": int64(6), "scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "kube-apiserver"}}
	maps.Copy(whole, spec)
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
		"metadata": map[string]any{"namespace": st.Namespace, "name": name}, "spec": whole,
	}}
	if err := host.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner(manager)); err != nil {
		t.Fatal(err)
	}
}

// change changes an autoscaler by hand.
func (st *stage) change(t *testing.T, name, manager string, how func(h *autoscalingv2.HorizontalPodAutoscaler)) {
	t.Helper()
	h := st.get(t, name)
	before := h.DeepCopy()
	how(h)
	if err := host.Patch(t.Context(), h, client.MergeFrom(before), client.FieldOwner(manager)); err != nil {
		t.Fatal(err)
	}
}

func (st *stage) get(t *testing.T, name string) *autoscalingv2.HorizontalPodAutoscaler {
	t.Helper()
	h := &autoscalingv2.HorizontalPodAutoscaler{}
	if err := host.Get(t.Context(), client.ObjectKey{Namespace: st.Namespace, Name: name}, h); err != nil {
		t.Fatal(err)
	}
	return h
}

// names are the autoscalers of the namespace.
func (st *stage) names(t *testing.T) string {
	t.Helper()
	var all autoscalingv2.HorizontalPodAutoscalerList
	if err := host.List(t.Context(), &all, client.InNamespace(st.Namespace)); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, h := range all.Items {
		names = append(names, h.Name)
	}
	return strings.Join(names, " ")
}

func await(t *testing.T, complaint func() string) {
	t.Helper()
	last := ""
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if last = complaint(); last == "" {
			return
		}
	}
	t.Fatalf("for 60 s: %s", last)
}

// wantFault wants a fault of this reason that says these words; no reason is no fault.
func wantFault(t *testing.T, f *plane.Fault, reason string, words ...string) {
	t.Helper()
	if f == nil {
		f = &plane.Fault{}
	}
	if f.Reason != reason {
		t.Errorf("the fault is %q (%s), want %q", f.Reason, f.Message, reason)
	}
	for _, w := range words {
		if !strings.Contains(f.Message, w) {
			t.Errorf("the fault does not say %q: %s", w, f.Message)
		}
	}
	if len(f.Message) > 1024 {
		t.Errorf("the message has %d bytes, and a condition takes 1024", len(f.Message))
	}
}
