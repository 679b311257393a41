// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/scaler"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const own = "kube-apiserver-evenkeel"

// specOf is an autoscaler's spec as people read it.
func specOf(t *testing.T, h *autoscalingv2.HorizontalPodAutoscaler) string {
	t.Helper()
	raw, err := json.MarshalIndent(h.Spec, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

const gardeners = `{
 "scaleTargetRef": {
  "kind": "Deployment",
  "name": "kube-apiserver",
  "apiVersion": "apps/v1"
 },
 "minReplicas": 4,
 "maxReplicas": 9,
 "metrics": [
  {
   "type": "ContainerResource",
   "containerResource": {
    "name": "cpu",
    "target": {
     "type": "AverageValue",
     "averageValue": "4"
    },
    "container": "kube-apiserver"
   }
  }
 ],
 "behavior": {
  "scaleUp": {
   "stabilizationWindowSeconds": 60,
   "selectPolicy": "Max",
   "policies": [
    {
     "type": "Percent",
     "value": 100,
     "periodSeconds": 60
    }
   ]
  },
  "scaleDown": {
   "stabilizationWindowSeconds": 1800,
   "selectPolicy": "Min",
   "policies": [
    {
     "type": "Pods",
     "value": 1,
     "periodSeconds": 300
    }
   ]
  }
 }
}`

// The profile's own begins with as many replicas as there are, by what the profile says of
// CPU and by Gardener's rates, and is not written again.
func TestTheProfilesOwn(t *testing.T) {
	st := newStage(t)
	if diff := cmp.Diff(plane.ScaleSeen{Looked: true}, st.look(t)); diff != "" {
		t.Errorf("before there is any (-want +got):\n%s", diff)
	}
	st.s.Replicas = 4
	wantFault(t, st.ensure(t), "")
	h := st.get(t, own)
	if diff := cmp.Diff(gardeners, specOf(t, h)); diff != "" {
		t.Errorf("its spec (-want +got):\n%s", diff)
	}
	if !metav1.IsControlledBy(h, st.s.Profile) || h.Labels[v1alpha1.ManagedByLabel] != v1alpha1.ManagedBy ||
		h.Annotations[v1alpha1.OwnerAnnotation] != st.Namespace+"/acme/"+string(st.s.Profile.UID) || *h.OwnerReferences[0].BlockOwnerDeletion != true {
		t.Errorf("it does not say whose it is: %+v", h.ObjectMeta)
	}
	if diff := cmp.Diff(plane.ScaleSeen{Looked: true, Autoscaler: own, Own: true, Floor: 4, Max: 9}, st.look(t)); diff != "" {
		t.Errorf("what is seen of it (-want +got):\n%s", diff)
	}
	st.s.Replicas = 7 // what has come since is the autoscaler's
	wantFault(t, st.ensure(t), "")
	if again := st.get(t, own); again.ResourceVersion != h.ResourceVersion {
		t.Errorf("it was written again:\n%s", cmp.Diff(h.Spec, again.Spec))
	}
}

// An autoscaler that is made takes no replica away, and begins with the profile's minimum.
func TestHowManyItBeginsWith(t *testing.T) {
	st := newStage(t)
	st.s.Replicas = 10
	wantFault(t, st.ensure(t), v1alpha1.ReasonAtMax, "10 replicas are asked for and replicas.max is 9", "none is made")
	if got := st.names(t); got != "" {
		t.Errorf("there is %q", got)
	}
	st.s.Replicas = 1
	wantFault(t, st.ensure(t), "")
	if got := st.look(t).Floor; got != 3 {
		t.Errorf("it begins with %d, want the profile's minimum of 3", got)
	}
}

// It follows the profile, and keeps its floor where the profile's bounds let it.
func TestItFollowsTheProfile(t *testing.T) {
	st := newStage(t)
	wantFault(t, st.ensure(t), "")
	wantFault(t, st.setFloor(t, 7), "")
	if got := st.look(t); got.Floor != 7 || got.Fault != nil {
		t.Errorf("a raised floor is seen as %+v", got)
	}
	spec := &st.s.Profile.Spec
	spec.APIServer.Replicas.Max = new(int32(8))
	spec.Scaling = v1alpha1.ScalingSpec{
		TargetRef: &v1alpha1.ScaleTargetRef{APIVersion: "kamaji.clastix.io/v1alpha1", Kind: "TenantControlPlane", Name: "acme"},
		CPU:       new(resource.MustParse("1500m")), Memory: new(resource.MustParse("24Gi")),
		Up:   &v1alpha1.ScalingRate{WindowSeconds: new(int32(0)), Percent: new(int32(50)), Replicas: new(int32(2)), PeriodSeconds: 30},
		Down: &v1alpha1.ScalingRate{Replicas: new(int32(2))},
	}
	wantFault(t, st.ensure(t), "")
	h := st.get(t, own)
	metric := func(i int) string {
		return string(h.Spec.Metrics[i].ContainerResource.Name) + " " + h.Spec.Metrics[i].ContainerResource.Target.AverageValue.String()
	}
	up, down := h.Spec.Behavior.ScaleUp, h.Spec.Behavior.ScaleDown
	got := []any{h.Spec.ScaleTargetRef.Kind, *h.Spec.MinReplicas, h.Spec.MaxReplicas, metric(0), metric(1), *up.StabilizationWindowSeconds, up.Policies, *down.StabilizationWindowSeconds, down.Policies}
	if diff := cmp.Diff([]any{
		"TenantControlPlane", int32(7), int32(8), "cpu 1500m", "memory 24Gi",
		int32(0), []autoscalingv2.HPAScalingPolicy{{Type: "Percent", Value: 50, PeriodSeconds: 30}, {Type: "Pods", Value: 2, PeriodSeconds: 30}},
		int32(1800), []autoscalingv2.HPAScalingPolicy{{Type: "Pods", Value: 2, PeriodSeconds: 60}},
	}, got); diff != "" {
		t.Errorf("after the profile was changed (-want +got):\n%s", diff)
	}
	spec.APIServer.Replicas.Max = new(int32(5))
	wantFault(t, st.ensure(t), "")
	if got := st.look(t); got.Floor != 5 || got.Max != 5 {
		t.Errorf("a maximum below the floor is seen as %+v", got)
	}
	wantFault(t, st.setFloor(t, 6), v1alpha1.ReasonAtMax, "6 is not within 1 and replicas.max, 5")
}

// Without a bound on the CPU it is Gardener's 6 cores.
func TestCPU(t *testing.T) {
	cpp := &v1alpha1.ControlPlaneProfile{}
	if got := scaler.CPU(cpp); got.String() != "6" {
		t.Errorf("without anything: %s", got.String())
	}
	cpp.Spec.APIServer.CPU = &v1alpha1.QuantityRange{Max: new(resource.MustParse("500m"))}
	if got := scaler.CPU(cpp); got.String() != "400m" {
		t.Errorf("of 500m at the most: %s", got.String())
	}
	cpp.Spec.Scaling.CPU = new(resource.MustParse("2"))
	if got := scaler.CPU(cpp); got.String() != "2" {
		t.Errorf("as the profile says: %s", got.String())
	}
}

// What a person changes of it is told with the manager's name, and stays.
func TestItsFieldsAreNotFoughtFor(t *testing.T) {
	st := newStage(t)
	wantFault(t, st.ensure(t), "")
	st.change(t, own, "kubectl-edit", func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MaxReplicas = 20 })
	wantFault(t, st.ensure(t), v1alpha1.ReasonFieldContested, `.spec.maxReplicas: conflict with "kubectl-edit"`, "nothing was written")
	if got := st.get(t, own).Spec.MaxReplicas; got != 20 {
		t.Errorf("maxReplicas is %d: it was fought for", got)
	}
	st.change(t, own, "kubectl-edit", func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MinReplicas = new(int32(2)) })
	seen := st.look(t)
	wantFault(t, seen.Fault, v1alpha1.ReasonFieldContested, "managed by kubectl-edit (operation Update)", "left at 2", "set replicas.min of the profile")
	if seen.Floor != 0 || !seen.Own {
		t.Errorf("a floor that is not Evenkeel's is seen as %+v", seen)
	}
	wantFault(t, st.setFloor(t, 5), v1alpha1.ReasonFieldContested, "kubectl-edit")
	if got := *st.get(t, own).Spec.MinReplicas; got != 2 {
		t.Errorf("minReplicas is %d: it was fought for", got)
	}
}

// It is deleted with nothing left, and only the one that was meant.
func TestItIsLetGo(t *testing.T) {
	st := newStage(t)
	other := profileIn(t, st.Host, "other")
	wantFault(t, st.ensure(t), "")
	wantFault(t, scaler.LetGo(t.Context(), host, host, other, true), "")
	if got := st.names(t); got != own {
		t.Errorf("another profile has let go of it: %q", got)
	}
	st.letGo(t)
	if got := st.names(t); got != "" {
		t.Errorf("there is %q still", got)
	}
}

// One that something holds is said to be there still.
func TestItIsHeld(t *testing.T) {
	st := newStage(t)
	wantFault(t, st.ensure(t), "")
	st.change(t, own, "somebody", func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Finalizers = []string{"example.test/held"} })
	wantFault(t, scaler.LetGo(t.Context(), host, host, st.s.Profile, true), v1alpha1.ReasonNotReadBack, "a finalizer")
	st.change(t, own, "somebody", func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Finalizers = nil })
	if got := st.names(t); got != "" {
		t.Errorf("there is %q still", got)
	}
}

// A profile that names another workload leaves nothing over the one before.
func TestTheTargetBefore(t *testing.T) {
	st := newStage(t)
	wantFault(t, st.ensure(t), "")
	st.s.Profile.Spec.APIServer.TargetRef.Name = "apiserver"
	wantFault(t, st.ensure(t), "")
	if got := st.names(t); got != "apiserver-evenkeel" {
		t.Errorf("there is %q", got)
	}
	st.apply(t, "theirs", "kubectl", nil)
	st.s.Profile.Spec.APIServer.TargetRef.Name = "kube-apiserver"
	wantFault(t, st.ensure(t), "") // one of somebody else's is there
	wantFault(t, st.setFloor(t, 4), "")
	if got := st.names(t); got != "theirs" {
		t.Errorf("there is %q", got)
	}
	st.s.Profile.Spec.APIServer.TargetRef.Name = "apiserver"
	wantFault(t, st.ensure(t), "")
	theirs := st.get(t, "theirs")
	if got := st.names(t); got != "apiserver-evenkeel theirs" || *theirs.Spec.MinReplicas != 1 || theirs.Annotations[v1alpha1.OwnerAnnotation] != "" {
		t.Errorf("there is %q, and the adopted one is %+v", got, theirs)
	}
}

// One that nothing controls any more, as when the profile is deleted so that it leaves
// orphans, is the profile's own all the same: it is taken back, or deleted.
func TestAnOrphan(t *testing.T) {
	orphaned := func(h *autoscalingv2.HorizontalPodAutoscaler) { h.OwnerReferences = nil }
	st := newStage(t)
	wantFault(t, st.ensure(t), "")
	st.change(t, own, "garbage-collector", orphaned)
	wantFault(t, st.ensure(t), "")
	if h := st.get(t, own); !metav1.IsControlledBy(h, st.s.Profile) {
		t.Errorf("it is controlled by %+v", h.OwnerReferences)
	}
	st.change(t, own, "garbage-collector", orphaned)
	st.letGoAnew(t)
	if got := st.names(t); got != "" {
		t.Errorf("there is %q still", got)
	}
}
