// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// scaled is a world in which a floor is decided, and what the recommender was given.
type scaled struct {
	*world
	mu      sync.Mutex
	want    int
	seen    plane.ScaleSeen
	allowed plane.ScalingProfile
}

func newScaled(t *testing.T, want int) *scaled {
	t.Helper()
	s := &scaled{world: newWorld(t), want: want}
	s.decide = func(snapshot plane.Snapshot, p plane.Profile, m plane.Memory, _ time.Time) (plane.Plan, plane.Memory) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen, s.allowed = snapshot.Scale, p.Scaling
		plan := plane.Plan{Scale: plane.ScalePlan{Floor: s.want, Why: "so many are due"}}
		if p.Scaling.Mode != plane.Off {
			plan.Findings = append(plan.Findings, plane.Finding{Condition: v1alpha1.ConditionConnectionsEven, True: true, Reason: v1alpha1.ReasonAsExpected, Message: "no replica has far more"})
		}
		if f := snapshot.Scale.Floor; f > 0 && f != s.want && p.Scaling.Mode == plane.Enforce {
			plan.Steps = append(plan.Steps, plane.Step{
				Kind: plane.SetFloor, Apply: true, Floor: &plane.FloorStep{From: f, To: s.want},
				Reason: plane.Reason{Code: v1alpha1.ReasonFloorRaised, Message: fmt.Sprintf("raises the floor from %d to %d", f, s.want)},
			})
		}
		return plan, m
	}
	return s
}

// given is what the recommender was last given.
func (s *scaled) given() (plane.ScaleSeen, plane.ScalingProfile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen, s.allowed
}

// scaling is a profile that does nothing but scale, between 2 and 9.
func scaling(cpp *v1alpha1.ControlPlaneProfile) {
	cpp.Spec.Mode = v1alpha1.ModeEnforce
	cpp.Spec.Protection = v1alpha1.ProtectionSpec{Jail: v1alpha1.ProtectionOff, LoadLine: v1alpha1.ProtectionOff, Shares: v1alpha1.ProtectionOff}
	cpp.Spec.Sizing.Mode = v1alpha1.ProtectionOff
	cpp.Spec.APIServer.Replicas = &v1alpha1.Int32Range{Min: new(int32(2)), Max: new(int32(9))}
}

// theirScaler applies somebody's autoscaler over the apiservers.
func (w *world) theirScaler() {
	w.t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
		"metadata": map[string]any{"namespace": w.ns, "name": "theirs"},
		"spec": map[string]any{
			"maxReplicas": int64(6), "scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "kube-apiserver"},
		},
	}}
	if err := w.Apply(w.t.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("helm")); err != nil {
		w.t.Fatal(err)
	}
}

// awaitScalers waits until the autoscalers are as wanted: name, floor and maximum of each.
func (w *world) awaitScalers(want string) {
	w.t.Helper()
	w.await(func() string {
		var all autoscalingv2.HorizontalPodAutoscalerList
		if err := w.List(w.t.Context(), &all, client.InNamespace(w.ns)); err != nil {
			w.t.Fatal(err)
		}
		var got strings.Builder
		for _, h := range all.Items {
			fmt.Fprintf(&got, "%s %d-%d;", h.Name, *h.Spec.MinReplicas, h.Spec.MaxReplicas)
		}
		if got.String() != want {
			return fmt.Sprintf("the autoscalers are %q, want %q", got.String(), want)
		}
		return ""
	})
}

// A profile with a maximum has an autoscaler of its own, whose floor follows what is
// decided, and the status says so.
func TestTheFloorFollowsWhatIsDecided(t *testing.T) {
	s := newScaled(t, 5)
	s.profile("acme", scaling)
	s.start()
	s.awaitScalers("kube-apiserver-evenkeel 5-9;")
	want := &v1alpha1.ScaleStatus{Floor: 5, Wanted: 5, Max: 9, Autoscaler: "kube-apiserver-evenkeel", Message: "so many are due"}
	s.await(func() string { return cmp.Diff(want, s.seenProfile().Status.Scale) })
	if got := s.seenProfile(); len(got.Finalizers) != 1 {
		t.Errorf("the profile's finalizers are %v", got.Finalizers)
	}
	if got := s.seenProfile().Status.Decisions; len(got) != 1 || got[0].Step != "SetFloor" || got[0].Reason != v1alpha1.ReasonFloorRaised || !got[0].Applied {
		t.Errorf("the decisions are %+v", got)
	}
	s.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.Replicas.Max = new(int32(7)) })
	s.awaitScalers("kube-apiserver-evenkeel 5-7;")
	if err := s.Delete(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: s.named("kube-apiserver-evenkeel")}); err != nil {
		t.Fatal(err)
	}
	s.ahead.Add(int64(15 * time.Second))           // it is looked at again
	s.awaitScalers("kube-apiserver-evenkeel 5-7;") // made anew
}

func (s *scaled) seenProfile() *v1alpha1.ControlPlaneProfile { return s.world.seen("acme") }

// Whoever switches scaling off has no autoscaler left behind, also while the tenant cannot
// be reached.
func TestTheScalerIsLetGoWhenSwitchedOff(t *testing.T) {
	for name, off := range map[string]func(cpp *v1alpha1.ControlPlaneProfile){
		"the mode":            func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeRecommend },
		"the mode of scaling": func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Scaling.Mode = v1alpha1.ProtectionOff },
		"the maximum":         func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.Replicas = nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScaled(t, 2)
			s.profile("acme", scaling)
			s.start()
			s.awaitScalers("kube-apiserver-evenkeel 2-9;")
			if err := s.Delete(t.Context(), &corev1.Secret{ObjectMeta: s.named("access")}); err != nil {
				t.Fatal(err)
			}
			s.change("acme", off)
			s.awaitScalers("")
			s.create(&corev1.Secret{ObjectMeta: s.named("access"), Data: map[string][]byte{"kubeconfig": host.kubeconfig}})
			s.change("acme", scaling)
			s.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Scaling.Mode = "" })
			s.awaitScalers("kube-apiserver-evenkeel 2-9;")
		})
	}
}

// One of somebody else's is given back by the next operator, if the one before did not come
// to it, and when the profile is deleted.
func TestAnAdoptedScalerIsGivenBack(t *testing.T) {
	s := newScaled(t, 4)
	s.theirScaler()
	s.profile("acme", scaling)
	stop := s.start()
	s.awaitScalers("theirs 4-6;")
	s.await(func() string {
		if got, want := s.seenProfile().Status.Scale, "so many are due; HorizontalPodAutoscaler theirs stops at 6"; got == nil || !strings.HasPrefix(got.Message, want) {
			return fmt.Sprintf("the status is %+v", got)
		}
		return ""
	})
	stop()
	s.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeRecommend })
	stop = s.start()
	s.awaitScalers("theirs 1-6;")
	s.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeEnforce })
	s.awaitScalers("theirs 4-6;")
	s.delete("acme")
	s.awaitGone("acme")
	s.awaitScalers("theirs 1-6;")
	stop()
}

// Nothing is made where only a recommendation is asked for, or a person has paused it; what
// is there is seen all the same.
func TestNoScalerIsMade(t *testing.T) {
	for name, how := range map[string]func(cpp *v1alpha1.ControlPlaneProfile){
		"recommend": func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Scaling.Mode = v1alpha1.ProtectionRecommend },
		"paused": func(cpp *v1alpha1.ControlPlaneProfile) {
			cpp.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScaled(t, 5)
			s.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) { scaling(cpp); how(cpp) })
			s.start()
			s.awaitMore("looks", 4, s.tenant.count(func(f *tenant) int { return f.looks }))
			s.awaitScalers("")
			if seen, _ := s.given(); !seen.Looked || seen.Autoscaler != "" || seen.Fault != nil {
				t.Errorf("what is seen is %+v", seen)
			}
		})
	}
}

// What is allowed, and what the replicas' arguments say of GOAWAY, reach the recommender.
func TestWhatTheRecommenderIsGiven(t *testing.T) {
	for name, c := range map[string]struct {
		how  func(cpp *v1alpha1.ControlPlaneProfile)
		want plane.ScalingProfile
	}{
		"no maximum": {func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.Replicas.Max = nil }, plane.ScalingProfile{Mode: plane.Off}},
		"no maximum, and a mode": {func(cpp *v1alpha1.ControlPlaneProfile) {
			cpp.Spec.APIServer.Replicas, cpp.Spec.Scaling.Mode = nil, v1alpha1.ProtectionEnforce
		}, plane.ScalingProfile{Mode: plane.Enforce, Min: 1, CPU: 6}},
		"off": {func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Scaling.Mode = v1alpha1.ProtectionOff }, plane.ScalingProfile{Mode: plane.Off}},
		"never bolder than the profile": {func(cpp *v1alpha1.ControlPlaneProfile) {
			cpp.Spec.Mode, cpp.Spec.Scaling.Mode = v1alpha1.ModeRecommend, v1alpha1.ProtectionEnforce
		}, plane.ScalingProfile{Mode: plane.Recommend, Min: 2, Max: 9, CPU: 6}},
		"all of it": {func(cpp *v1alpha1.ControlPlaneProfile) {
			cpp.Spec.Availability.Zones, cpp.Spec.Scaling.Step, cpp.Spec.Scaling.Connections = 3, v1alpha1.ScaleByZone, v1alpha1.ConnectionsDrain
			cpp.Spec.APIServer.CPU = &v1alpha1.QuantityRange{Max: new(resource.MustParse("2"))}
		}, plane.ScalingProfile{Mode: plane.Enforce, Min: 2, Max: 9, ByZone: true, Zones: 3, Drain: true, CPU: 1.6}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScaled(t, 2)
			s.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) { scaling(cpp); c.how(cpp) })
			s.start()
			s.awaitMore("looks", 1, s.tenant.count(func(f *tenant) int { return f.looks }))
			s.await(func() string {
				_, allowed := s.given()
				return cmp.Diff(c.want, allowed)
			})
		})
	}
}

// The least of the replicas' chances counts, and none where one does not say.
func TestGoAwayOfTheReplicas(t *testing.T) {
	s := newScaled(t, 2)
	s.deployment("other", "--goaway-chance=0.002")
	s.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		scaling(cpp)
		cpp.Spec.APIServer.TargetRef.Name = "other"
	})
	s.start()
	says := func(chance float64, stated bool) {
		t.Helper()
		s.await(func() string {
			if seen, _ := s.given(); !seen.Looked || seen.Stated != stated || seen.GoAway != chance {
				return fmt.Sprintf("%g, stated %t", seen.GoAway, seen.Stated)
			}
			return ""
		})
	}
	says(0.002, true)
	s.pod("other", "other-5d4f-2", "127.77.0.3", s.deploymentPod("kube-apiserver", "--goaway-chance=0.001").Spec)
	says(0.001, true)
	s.pod("other", "other-5d4f-3", "127.77.0.4", s.deploymentPod("kube-apiserver").Spec)
	says(0, false)
}

// A workload whose number of replicas its owner sets is left alone, and the field to set is
// named; and so is a floor of somebody else's.
func TestTheFloorThatIsAnothers(t *testing.T) {
	s := newScaled(t, 5)
	s.controlled(&metav1.OwnerReference{APIVersion: "kamaji.clastix.io/v1alpha1", Kind: "TenantControlPlane", Name: "acme", UID: "1", Controller: new(true)})
	s.profile("acme", scaling)
	s.start()
	s.awaitCondition(v1alpha1.ConditionFloorInForce, "False ScaledByOwner", "name it in spec.scaling.targetRef")
	s.awaitScalers("")
	s.controlled(nil)
	s.ahead.Add(int64(15 * time.Second))
	s.awaitScalers("kube-apiserver-evenkeel 5-9;")
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: s.named("kube-apiserver-evenkeel")}
	if err := s.Patch(t.Context(), h, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"minReplicas":3}}`)), client.FieldOwner("kubectl-edit")); err != nil {
		t.Fatal(err)
	}
	s.ahead.Add(int64(15 * time.Second))
	s.await(func() string {
		if seen, _ := s.given(); seen.Fault == nil || seen.Fault.Reason != v1alpha1.ReasonFieldContested || seen.Floor != 0 {
			return fmt.Sprintf("what is seen is %+v", seen)
		}
		return ""
	})
	s.awaitScalers("kube-apiserver-evenkeel 3-9;")
}

// controlled has the apiservers' workload controlled by something; nil by nothing.
func (w *world) controlled(by *metav1.OwnerReference) {
	w.t.Helper()
	var d appsv1.Deployment
	if err := w.Get(w.t.Context(), client.ObjectKey{Namespace: w.ns, Name: "kube-apiserver"}, &d); err != nil {
		w.t.Fatal(err)
	}
	before := d.DeepCopy()
	if d.OwnerReferences = nil; by != nil {
		d.OwnerReferences = []metav1.OwnerReference{*by}
	}
	if err := w.Patch(w.t.Context(), &d, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
}

// While a pass is held nobody vouches for the floor, and one that is not decided any more
// is not spoken of.
func TestTheFloorIsNotVouchedForWhileHeld(t *testing.T) {
	s := newScaled(t, 3)
	s.profile("acme", scaling)
	s.start()
	s.awaitScalers("kube-apiserver-evenkeel 3-9;")
	s.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.Container = "another" })
	s.awaitCondition(v1alpha1.ConditionFloorInForce, "Unknown TargetInvalid", "held as it is")
	s.awaitCondition(v1alpha1.ConditionConnectionsEven, "Unknown TargetInvalid", "held as it is")
	s.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		cpp.Spec.APIServer.Container, cpp.Spec.Scaling.Mode = "kube-apiserver", v1alpha1.ProtectionOff
	})
	s.awaitUnspoken()
}

// awaitUnspoken waits until nothing is said of the number of replicas.
func (s *scaled) awaitUnspoken() {
	s.t.Helper()
	s.await(func() string {
		status := s.seenProfile().Status
		for _, c := range []string{v1alpha1.ConditionFloorInForce, v1alpha1.ConditionConnectionsEven} {
			if is := meta.FindStatusCondition(status.Conditions, c); is != nil {
				return fmt.Sprintf("there is %+v", is)
			}
		}
		if status.Scale != nil {
			return fmt.Sprintf("there is %+v", status.Scale)
		}
		return ""
	})
}

// What went wrong with letting go is told while the tenant is gone, and so is that nothing
// is decided any more.
func TestLettingGoIsToldWithoutTheTenant(t *testing.T) {
	s := newScaled(t, 2)
	s.profile("acme", scaling)
	s.start()
	s.awaitScalers("kube-apiserver-evenkeel 2-9;")
	s.awaitCondition(v1alpha1.ConditionConnectionsEven, "True AsExpected", "")
	s.finalizers(t, `["example.test/held"]`)
	if err := s.Delete(t.Context(), &corev1.Secret{ObjectMeta: s.named("access")}); err != nil {
		t.Fatal(err)
	}
	s.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeRecommend })
	s.awaitCondition(v1alpha1.ConditionFloorInForce, "False NotReadBack", "letting go of HorizontalPodAutoscaler kube-apiserver-evenkeel")
	s.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Scaling.Mode = v1alpha1.ProtectionOff })
	s.awaitCondition(v1alpha1.ConditionFloorInForce, "False NotReadBack", "letting go of HorizontalPodAutoscaler kube-apiserver-evenkeel")
	s.finalizers(t, `null`)
	s.ahead.Add(int64(time.Minute))
	s.awaitUnspoken()
}

// finalizers sets those of the profile's own autoscaler.
func (s *scaled) finalizers(t *testing.T, all string) {
	t.Helper()
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: s.named("kube-apiserver-evenkeel")}
	if err := s.Patch(t.Context(), h, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":`+all+`}}`))); err != nil {
		t.Fatal(err)
	}
}

// A profile that only recommends writes nothing of an autoscaler whose floor a person has
// handed over, whenever an operator starts; once enforced it is given back as it was.
func TestAFloorThatIsHandedOverInRecommend(t *testing.T) {
	s := newScaled(t, 5)
	s.theirScaler()
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
		"metadata": map[string]any{"namespace": s.ns, "name": "theirs"}, "spec": map[string]any{"minReplicas": int64(3)},
	}}
	if err := s.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("evenkeel-floor")); err != nil {
		t.Fatal(err)
	}
	s.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) { scaling(cpp); cpp.Spec.Mode = v1alpha1.ModeRecommend })
	for range 2 {
		stop := s.start()
		s.awaitMore("looks", 3, s.tenant.count(func(f *tenant) int { return f.looks }))
		s.awaitScalers("theirs 3-6;")
		stop()
	}
	s.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeEnforce })
	stop := s.start()
	s.awaitScalers("theirs 5-6;")
	stop()
	s.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeRecommend })
	s.start()
	s.awaitScalers("theirs 3-6;")
	s.delete("acme")
	s.awaitGone("acme")
	s.awaitScalers("theirs 3-6;")
}
