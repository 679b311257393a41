// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/scaler"
	"evenkeel.dev/evenkeel/recommender/plane"
)

func controlledBy(apiVersion, kind, name string) func(h *autoscalingv2.HorizontalPodAutoscaler) {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) {
		h.OwnerReferences = []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: name, UID: "1", Controller: new(true)}}
	}
}

// What is somebody else's is named with what to do there, and nothing is written or made.
func TestSomebodyElses(t *testing.T) {
	for name, c := range map[string]struct {
		there  func(t *testing.T, st *stage)
		reason string
		words  []string
	}{
		"KEDA's": {func(t *testing.T, st *stage) {
			t.Helper()
			st.created(t, "keda-hpa-acme", controlledBy("keda.sh/v1alpha1", "ScaledObject", "acme"))
		}, v1alpha1.ReasonScalerConflict, []string{"HorizontalPodAutoscaler keda-hpa-acme is KEDA's, of ScaledObject acme: set minReplicaCount there"}},
		"another controller's": {func(t *testing.T, st *stage) {
			t.Helper()
			st.created(t, "theirs", controlledBy("example.test/v1", "Shoot", "acme"))
		}, v1alpha1.ReasonScalerConflict, []string{"is controlled by Shoot acme (example.test/v1): set the least number of replicas there"}},
		"two": {func(t *testing.T, st *stage) {
			t.Helper()
			st.apply(t, "first", "helm", nil)
			st.apply(t, "second", "helm", nil)
		}, v1alpha1.ReasonScalerConflict, []string{"HorizontalPodAutoscalers first and second are over the same replicas", "delete one of them"}},
		"another profile's": {func(t *testing.T, st *stage) {
			t.Helper()
			st.apply(t, "theirs", "helm", nil)
			st.change(t, "theirs", "evenkeel", func(h *autoscalingv2.HorizontalPodAutoscaler) {
				h.Annotations = map[string]string{v1alpha1.OwnerAnnotation: st.Namespace + "/acme-2/7"}
			})
		}, v1alpha1.ReasonScalerConflict, []string{"belongs to another profile", "/acme-2/7"}},
		"the name": {func(t *testing.T, st *stage) {
			t.Helper()
			st.apply(t, own, "helm", map[string]any{"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}})
		}, v1alpha1.ReasonNameTaken, []string{"HorizontalPodAutoscaler " + own + " exists and this profile did not make it", "scales Deployment web"}},
		"the workload's": {func(t *testing.T, st *stage) {
			t.Helper()
			st.s.Controller = &metav1.OwnerReference{APIVersion: "kamaji.clastix.io/v1alpha1", Kind: "TenantControlPlane", Name: "acme"}
		}, v1alpha1.ReasonScaleOwned, []string{
			"Deployment kube-apiserver belongs to TenantControlPlane acme", "spec.scaling.targetRef ({apiVersion: kamaji.clastix.io/v1alpha1, kind: TenantControlPlane, name: acme})",
		}},
		"over the workload and not over what scales it": {func(t *testing.T, st *stage) {
			t.Helper()
			st.s.Profile.Spec.Scaling.TargetRef = &v1alpha1.ScaleTargetRef{APIVersion: "kamaji.clastix.io/v1alpha1", Kind: "TenantControlPlane", Name: "acme"}
			st.apply(t, "theirs", "helm", nil)
		}, v1alpha1.ReasonScalerConflict, []string{"theirs is over Deployment kube-apiserver itself, and spec.scaling.targetRef names TenantControlPlane acme"}},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStage(t)
			c.there(t, st)
			var before, after autoscalingv2.HorizontalPodAutoscalerList
			if err := host.List(t.Context(), &before, client.InNamespace(st.Namespace)); err != nil {
				t.Fatal(err)
			}
			seen := st.look(t)
			wantFault(t, seen.Fault, c.reason, c.words...)
			if seen.Floor != 0 || seen.Own {
				t.Errorf("it is seen as %+v", seen)
			}
			wantFault(t, st.ensure(t), c.reason, c.words...)
			wantFault(t, st.setFloor(t, 5), c.reason, c.words...)
			if err := host.List(t.Context(), &after, client.InNamespace(st.Namespace)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before.Items, after.Items); diff != "" {
				t.Errorf("something was written:\n%s", diff)
			}
		})
	}
}

// The profile's own beside somebody else's over the same replicas is as bad.
func TestOwnAndAnothers(t *testing.T) {
	st := newStage(t)
	wantFault(t, st.ensure(t), "")
	st.apply(t, "theirs", "helm", nil)
	wantFault(t, st.look(t).Fault, v1alpha1.ReasonScalerConflict, own+" and theirs are over the same replicas")
	wantFault(t, st.setFloor(t, 5), v1alpha1.ReasonScalerConflict)
	st.letGo(t)
	wantFault(t, st.look(t).Fault, "")
}

// Where one of two comes again by itself, what makes it is named with both.
func TestTwoOfWhichOneComesAgain(t *testing.T) {
	st := newStage(t)
	wantFault(t, st.ensure(t), "")
	st.created(t, "keda-hpa-acme", controlledBy("keda.sh/v1alpha1", "ScaledObject", "acme"))
	wantFault(t, st.look(t).Fault, v1alpha1.ReasonScalerConflict,
		"delete keda-hpa-acme, or set spec.scaling.mode to Off, which deletes "+own+" (keda-hpa-acme comes again while ScaledObject acme is there)")
}

// A workload that another object begins to control has its number of replicas set by that:
// the profile's own does not go on beside it.
func TestAWorkloadThatGetsAController(t *testing.T) {
	st := newStage(t)
	wantFault(t, st.ensure(t), "")
	st.s.Controller = &metav1.OwnerReference{APIVersion: "kamaji.clastix.io/v1alpha1", Kind: "TenantControlPlane", Name: "acme"}
	wantFault(t, st.ensure(t), v1alpha1.ReasonScaleOwned, "Deployment kube-apiserver belongs to TenantControlPlane acme")
	if got := st.names(t); got != "" {
		t.Errorf("there is %q still", got)
	}
}

// What is over another workload is nobody's business here, whatever version it names.
func TestOtherWorkloads(t *testing.T) {
	st := newStage(t)
	for name, ref := range map[string]map[string]any{
		"web":   {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
		"set":   {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "kube-apiserver"},
		"group": {"apiVersion": "example.test/v1", "kind": "Deployment", "name": "kube-apiserver"},
	} {
		st.apply(t, name, "helm", map[string]any{"scaleTargetRef": ref})
	}
	if diff := cmp.Diff(plane.ScaleSeen{Looked: true}, st.look(t)); diff != "" {
		t.Errorf("what is seen (-want +got):\n%s", diff)
	}
	st.apply(t, "old", "helm", map[string]any{"scaleTargetRef": map[string]any{"apiVersion": "apps/v1beta2", "kind": "Deployment", "name": "kube-apiserver"}})
	if got := st.look(t); got.Autoscaler != "old" {
		t.Errorf("what is seen is %+v", got)
	}
}

// What the autoscaler says of itself is told in its own words; metrics that it cannot read
// are no fault.
func TestWhatItSaysOfItself(t *testing.T) {
	st := newStage(t)
	wantFault(t, st.ensure(t), "")
	h := st.get(t, own)
	h.Status = autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: 4, DesiredReplicas: 5, Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{
		{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionTrue}, {Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue},
	}}
	write := func() {
		t.Helper()
		if err := host.Status().Update(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	write()
	want := plane.ScaleSeen{Looked: true, Autoscaler: own, Own: true, Floor: 3, Max: 9, Current: 4, Desired: 5, ByMetrics: true}
	if diff := cmp.Diff(want, st.look(t)); diff != "" {
		t.Errorf("what is seen (-want +got):\n%s", diff)
	}
	h.Status.Conditions[1].Status, want.ByMetrics = corev1.ConditionFalse, false
	write()
	if diff := cmp.Diff(want, st.look(t)); diff != "" {
		t.Errorf("what is seen without metrics (-want +got):\n%s", diff)
	}
	h.Status.Conditions[0] = autoscalingv2.HorizontalPodAutoscalerCondition{
		Type: autoscalingv2.AbleToScale, Status: corev1.ConditionFalse, Reason: "FailedGetScale", Message: "the server could not find the requested resource",
	}
	write()
	wantFault(t, st.look(t).Fault, v1alpha1.ReasonScalerUnable, own+" cannot scale Deployment kube-apiserver (FailedGetScale): the server could not find the requested resource")
	wantFault(t, st.setFloor(t, 5), "") // what it cannot do now it does later
}

// A right that is missing is named.
func TestWithoutRights(t *testing.T) {
	st := newStage(t)
	nobody := st.As(t, "nobody")
	wantFault(t, st.s.Look(t.Context(), nobody).Fault, v1alpha1.ReasonAccessDenied, "grant get, list, create, patch and delete on horizontalpodautoscalers")
	looks := st.As(t, "looks", rbacv1.PolicyRule{APIGroups: []string{"autoscaling"}, Resources: []string{"horizontalpodautoscalers"}, Verbs: []string{"get", "list"}})
	wantFault(t, st.s.Ensure(t.Context(), looks, looks), v1alpha1.ReasonAccessDenied, "writing HorizontalPodAutoscaler "+own, "manifests/rbac/operator.yaml")
	wantFault(t, st.ensure(t), "")
	wantFault(t, scaler.LetGo(t.Context(), looks, looks, st.s.Profile, true), v1alpha1.ReasonAccessDenied, "letting go of HorizontalPodAutoscaler "+own)
}

// A host cluster that does not serve the kind says so; there is nothing to let go of.
func TestTheKindIsNotServed(t *testing.T) {
	env := &envtest.Environment{}
	env.ControlPlane.GetAPIServer().Configure().Append("runtime-config", "autoscaling/v2=false")
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.New(config, client.Options{Scheme: host.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	cpp := &v1alpha1.ControlPlaneProfile{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "acme"}}
	wantFault(t, scaler.Scaler{Profile: cpp}.Look(t.Context(), c).Fault, v1alpha1.ReasonScalerUnable, "serves no HorizontalPodAutoscalers of autoscaling/v2")
	wantFault(t, scaler.Scaler{Profile: cpp}.Ensure(t.Context(), c, c), v1alpha1.ReasonScalerUnable)
	wantFault(t, scaler.LetGo(t.Context(), c, c, cpp, true), "")
}
