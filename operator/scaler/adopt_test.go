// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/scaler"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Of somebody else's the floor alone is written; it is left as it was.
func TestAdopted(t *testing.T) {
	st := newStage(t)
	st.apply(t, "theirs", "helm", nil)
	before := st.get(t, "theirs")
	wantFault(t, st.ensure(t), "")
	if after := st.get(t, "theirs"); after.ResourceVersion != before.ResourceVersion || st.names(t) != "theirs" {
		t.Errorf("it was written, or another made: %s", st.names(t))
	}
	seen := st.look(t)
	if diff := cmp.Diff(plane.ScaleSeen{Looked: true, Autoscaler: "theirs", Floor: 1, Max: 6}, seen); diff != "" {
		t.Errorf("what is seen of it (-want +got):\n%s", diff)
	}
	if got, want := scaler.Note(st.s.Profile, seen), "HorizontalPodAutoscaler theirs stops at 6 replicas and the profile at 9: raise its maxReplicas, which is not Evenkeel's to write"; got != want {
		t.Errorf("the note is %q", got)
	}
	wantFault(t, st.setFloor(t, 5), "")
	if got := st.look(t); got.Floor != 5 || got.Own || got.Fault != nil {
		t.Errorf("a raised floor is seen as %+v", got)
	}
	after := st.get(t, "theirs")
	want := before.Spec.DeepCopy()
	want.MinReplicas = new(int32(5))
	if diff := cmp.Diff(*want, after.Spec); diff != "" {
		t.Errorf("more than the floor was written (-want +got):\n%s", diff)
	}
	wantFault(t, st.setFloor(t, 7), v1alpha1.ReasonAtMax, "7 is above maxReplicas 6 of HorizontalPodAutoscaler theirs", "nothing was written")
	wantFault(t, st.setFloor(t, 2), "")
	st.apply(t, "theirs", "helm", map[string]any{"maxReplicas": int64(8)}) // its owner goes on as before
	wantFault(t, st.setFloor(t, 7), "")
	st.letGo(t)
	given := st.get(t, "theirs")
	before.Spec.MaxReplicas = 8
	if diff := cmp.Diff(before.Spec, given.Spec); diff != "" || len(given.Annotations) != 0 || len(given.ManagedFields) != 1 {
		t.Errorf("it is not as it was (-want +got):\n%s%v %v", diff, given.Annotations, given.ManagedFields)
	}
}

// A mark that somebody took off is no reason to keep the floor.
func TestAdoptedWithoutItsMark(t *testing.T) {
	st := newStage(t)
	st.apply(t, "theirs", "helm", nil)
	wantFault(t, st.setFloor(t, 5), "")
	st.change(t, "theirs", "somebody", func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Annotations = nil })
	if got := st.look(t); got.Floor != 5 || got.Fault != nil {
		t.Errorf("it is seen as %+v", got)
	}
	st.letGo(t)
	if got := *st.get(t, "theirs").Spec.MinReplicas; got != 1 {
		t.Errorf("its floor is %d", got)
	}
}

// Whoever has minReplicas is named, with what to do about it, and never fought.
func TestSomebodyElsesFloor(t *testing.T) {
	st := newStage(t)
	st.apply(t, "theirs", "argocd-controller", map[string]any{"minReplicas": int64(2)})
	seen := st.look(t)
	wantFault(t, seen.Fault, v1alpha1.ReasonFieldContested,
		"minReplicas of HorizontalPodAutoscaler theirs is managed by argocd-controller (operation Apply), and is left at 2: leave minReplicas out of its manifest and apply it again")
	if seen.Floor != 0 || seen.Max != 6 {
		t.Errorf("it is seen as %+v", seen)
	}
	wantFault(t, st.setFloor(t, 4), v1alpha1.ReasonFieldContested, "argocd-controller")
	if got := *st.get(t, "theirs").Spec.MinReplicas; got != 2 {
		t.Errorf("minReplicas is %d: it was fought for", got)
	}
	st.apply(t, "theirs", "argocd-controller", nil) // as it was told to
	wantFault(t, st.look(t).Fault, "")
	wantFault(t, st.setFloor(t, 4), "")
	// Whoever takes it afterwards has it.
	st.change(t, "theirs", "kubectl-edit", func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MinReplicas = new(int32(3)) })
	wantFault(t, st.setFloor(t, 6), v1alpha1.ReasonFieldContested, "kubectl-edit (operation Update)")
	st.letGo(t)
	if got := *st.get(t, "theirs").Spec.MinReplicas; got != 3 {
		t.Errorf("minReplicas is %d: it was taken from who has it", got)
	}
}

// Who creates one without minReplicas has it all the same, unless by server-side apply: a
// person hands it over, in the way that is told.
func TestTheFloorOfWhoCreatedIt(t *testing.T) {
	st := newStage(t)
	st.created(t, "theirs", nil)
	wantFault(t, st.look(t).Fault, v1alpha1.ReasonFieldContested, "managed by helm (operation Update), and is left at 1",
		"hand it over once", `"spec":{"minReplicas":3}}' | kubectl apply --server-side --force-conflicts --field-manager=evenkeel-floor -f -`)
	st.handOver(t, "theirs", 3)
	if got := st.look(t); got.Fault != nil || got.Floor != 3 {
		t.Errorf("once handed over it is seen as %+v", got)
	}
	wantFault(t, st.setFloor(t, 4), "")
}

// handOver hands the floor of one over, as a person does by the command that is told.
func (st *stage) handOver(t *testing.T, name string, floor int64) {
	t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
		"metadata": map[string]any{"name": name, "namespace": st.Namespace}, "spec": map[string]any{"minReplicas": floor},
	}}
	if err := host.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o), client.ForceOwnership, client.FieldOwner(scaler.FloorManager)); err != nil {
		t.Fatal(err)
	}
}

// A floor that was handed over and that nobody has taken yet is no business of who lets go:
// of a profile that has only recommended, and of another over the same workload.
func TestAFloorThatNobodyHasTakenYet(t *testing.T) {
	st := newStage(t)
	st.created(t, "theirs", nil)
	st.handOver(t, "theirs", 3)
	before := st.get(t, "theirs").ResourceVersion
	st.letGoAnew(t)
	wantFault(t, scaler.LetGo(t.Context(), host, host, profileIn(t, st.Host, "younger"), false), "")
	if h := st.get(t, "theirs"); h.ResourceVersion != before {
		t.Errorf("it was written: its floor is %d", *h.Spec.MinReplicas)
	}
}

// A floor that was handed over is marked when it is taken, and given back as it was handed
// over, to whoever starts anew as well.
func TestAFloorThatWasHandedOver(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(t *testing.T, st *stage)
		want      int32
	}{
		"as it was": {func(*testing.T, *stage) {}, 3},
		"its owner allows no more as many": {func(t *testing.T, st *stage) {
			t.Helper()
			wantFault(t, st.setFloor(t, 2), "")
			st.change(t, "theirs", "helm", func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MaxReplicas = 2 })
		}, 2},
		"somebody has taken it since": {func(t *testing.T, st *stage) {
			t.Helper()
			st.change(t, "theirs", "kubectl-edit", func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MinReplicas = new(int32(4)) })
		}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStage(t)
			st.created(t, "theirs", nil)
			st.handOver(t, "theirs", 3)
			wantFault(t, st.ensure(t), "")
			if h := st.get(t, "theirs"); *h.Spec.MinReplicas != 3 || h.Annotations[v1alpha1.OwnerAnnotation] == "" || h.Annotations[v1alpha1.OriginalAnnotation] != "3" {
				t.Errorf("once it is taken it has a floor of %d and %v", *h.Spec.MinReplicas, h.Annotations)
			}
			taken := st.get(t, "theirs").ResourceVersion
			wantFault(t, st.ensure(t), "")
			if st.get(t, "theirs").ResourceVersion != taken {
				t.Error("it was marked again")
			}
			wantFault(t, st.setFloor(t, 5), "")
			c.meanwhile(t, st)
			for range 2 { // and nothing more is taken by who comes after
				st.letGoAnew(t)
				if h := st.get(t, "theirs"); *h.Spec.MinReplicas != c.want || len(h.Annotations) != 0 {
					t.Errorf("it has a floor of %d and %v, want %d", *h.Spec.MinReplicas, h.Annotations, c.want)
				}
			}
		})
	}
}

// A floor that a profile of the same name had, which was deleted before it could let go, is
// given up by the next one.
func TestTheFloorOfAProfileBefore(t *testing.T) {
	st := newStage(t)
	st.apply(t, "theirs", "helm", nil)
	wantFault(t, st.setFloor(t, 5), "")
	if err := host.Delete(t.Context(), st.s.Profile); err != nil {
		t.Fatal(err)
	}
	st.s.Profile = profileIn(t, st.Host, "acme")
	st.letGoAnew(t)
	if h := st.get(t, "theirs"); *h.Spec.MinReplicas != 1 || len(h.Annotations) != 0 {
		t.Errorf("it has a floor of %d and %v", *h.Spec.MinReplicas, h.Annotations)
	}
}

// created makes one as a client does that knows no server-side apply.
func (st *stage) created(t *testing.T, name string, how func(h *autoscalingv2.HorizontalPodAutoscaler)) {
	t.Helper()
	h := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: st.Namespace, Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "kube-apiserver"}, MaxReplicas: 6,
		},
	}
	if how != nil {
		how(h)
	}
	if err := host.Create(t.Context(), h, client.FieldOwner("helm")); err != nil {
		t.Fatal(err)
	}
}
