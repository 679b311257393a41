// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/vpa"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// owned is a profile's VerticalPodAutoscaler for web.
func owned(t *testing.T, ns string) vpa.Owned {
	t.Helper()
	cpp := &v1alpha1.ControlPlaneProfile{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "acme"}, Spec: v1alpha1.ControlPlaneProfileSpec{
		APIServer: v1alpha1.APIServerSpec{TargetRef: v1alpha1.TargetRef{Kind: "Deployment", Name: "web"}},
		Access:    v1alpha1.AccessSpec{KubeconfigSecretRef: v1alpha1.SecretKeyRef{Name: "access"}},
	}}
	create(t, cpp)
	return vpa.Owned{Profile: cpp, Component: sizing.APIServer, Target: cpp.Spec.APIServer.TargetRef, Container: "app"}
}

// A profile's own is made once, follows the profile, and tells its size.
func TestTheProfilesOwn(t *testing.T) {
	ns := namespace(t)
	o := owned(t, ns)
	v, fault := o.Ensure(t.Context(), host, host)
	if fault != nil || v.Name != "acme-apiserver" || len(v.OwnerReferences) != 1 || *v.Spec.UpdatePolicy.UpdateMode != vpav1.UpdateModeInitial {
		t.Fatalf("%+v: %+v", fault, v)
	}
	again, fault := o.Ensure(t.Context(), host, host)
	if fault != nil || again.ResourceVersion != v.ResourceVersion {
		t.Errorf("%+v: it is written again", fault)
	}
	size := plane.SizePlan{Want: plane.Amounts{CPU: 1.5, Memory: 3 << 30}, CPU: sizing.Size{Lower: 1.4, Upper: 1.7}, Memory: sizing.Size{Lower: 2 << 30, Upper: 4 << 30}}
	status := vpa.StatusOf(v, "app", size, begin)
	if err := vpa.Write(t.Context(), host, v, status); err != nil {
		t.Fatal(err)
	}
	is := seen(t, ns, v.Name).Status
	if got := is.Recommendation.ContainerRecommendations[0].Target; got.Cpu().String() != "1500m" || got.Memory().String() != "3Gi" || is.ObservedGeneration == nil {
		t.Errorf("%+v", is)
	}
	if vpa.Changed(&is, &status) {
		t.Error("what was written counts as changed")
	}
}

// Running pods are touched only by a mode that never evicts, unless a pod may be evicted;
// and never one of two members of etcd.
func TestTheModeFollowsEviction(t *testing.T) {
	for name, c := range map[string]struct {
		apply    v1alpha1.SizingApply
		eviction v1alpha1.EvictionMode
		want     vpav1.UpdateMode
	}{
		"Evenkeel resizes":       {v1alpha1.ApplyInPlace, v1alpha1.EvictWhenStuck, vpav1.UpdateModeInitial},
		"the updater may evict":  {v1alpha1.ApplyVPA, v1alpha1.EvictWhenStuck, vpav1.UpdateModeInPlaceOrRecreate},
		"the updater may not":    {v1alpha1.ApplyVPA, v1alpha1.EvictNever, vpav1.UpdateModeInPlace},
		"nothing is said of it":  {v1alpha1.ApplyVPA, "", vpav1.UpdateModeInPlace},
		"nothing is said at all": {"", "", vpav1.UpdateModeInitial},
	} {
		t.Run(name, func(t *testing.T) {
			server := owned(t, namespace(t))
			server.Profile.Spec.Sizing.Apply, server.Profile.Spec.Sizing.Eviction = c.apply, c.eviction
			etcd := server
			etcd.Component, etcd.Target, etcd.Container = sizing.Etcd, v1alpha1.TargetRef{Kind: "StatefulSet", Name: "etcd"}, "etcd"
			for o, least := range map[*vpa.Owned]*int32{&server: nil, &etcd: new(int32(3))} {
				v, fault := o.Ensure(t.Context(), host, host)
				if fault != nil || *v.Spec.UpdatePolicy.UpdateMode != c.want || (v.Spec.UpdatePolicy.MinReplicas == nil) != (least == nil) ||
					least != nil && *v.Spec.UpdatePolicy.MinReplicas != *least {
					t.Errorf("%s: %+v: %+v", o.Component, fault, v)
				}
			}
		})
	}
}

// gated is a host cluster whose VerticalPodAutoscalers have the feature gate InPlace off:
// their webhook refuses it.
type gated struct{ client.Client }

func (gated) refusal(o client.Object) error {
	v, ok := o.(*vpav1.VerticalPodAutoscaler)
	if !ok || *v.Spec.UpdatePolicy.UpdateMode != vpav1.UpdateModeInPlace {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Kind: "VerticalPodAutoscaler"}, v.Name, field.ErrorList{field.Forbidden(field.NewPath("spec", "updatePolicy", "updateMode"),
		"in order to use UpdateMode InPlace, you must enable feature gate InPlace in the admission-controller args")})
}

func (g gated) Create(ctx context.Context, o client.Object, how ...client.CreateOption) error {
	if err := g.refusal(o); err != nil {
		return err
	}
	return g.Client.Create(ctx, o, how...)
}

func (g gated) Patch(ctx context.Context, o client.Object, patch client.Patch, how ...client.PatchOption) error {
	if err := g.refusal(o); err != nil {
		return err
	}
	return g.Client.Patch(ctx, o, patch, how...)
}

// Where there is no mode that never evicts, none is taken that does: not at first, and not
// in one that was allowed to evict before.
func TestWithoutTheGateRunningPodsAreLeftAlone(t *testing.T) {
	o := owned(t, namespace(t))
	o.Profile.Spec.Sizing.Apply = v1alpha1.ApplyVPA
	c := gated{host}
	for _, before := range []v1alpha1.EvictionMode{"", v1alpha1.EvictWhenStuck} {
		if before != "" {
			o.Profile.Spec.Sizing.Eviction = before
			if v, fault := o.Ensure(t.Context(), c, host); fault != nil || *v.Spec.UpdatePolicy.UpdateMode != vpav1.UpdateModeInPlaceOrRecreate {
				t.Fatalf("%+v: %+v", fault, v)
			}
		}
		o.Profile.Spec.Sizing.Eviction = v1alpha1.EvictNever
		v, fault := o.Ensure(t.Context(), c, host)
		if fault == nil || fault.Reason != v1alpha1.ReasonVPAUnavailable || !strings.Contains(fault.Message, "feature gate InPlace") || v == nil {
			t.Fatalf("%+v: %+v", fault, v)
		}
		if is := seen(t, v.Namespace, v.Name); *is.Spec.UpdatePolicy.UpdateMode != vpav1.UpdateModeInitial {
			t.Errorf("its mode is %s", *is.Spec.UpdatePolicy.UpdateMode)
		}
	}
}

// Somebody's that asks for Evenkeel is adopted as it is, and marked, so that no other
// recommender takes it for its own; another recommender is not fought.
func TestSomebodyElses(t *testing.T) {
	ns := namespace(t)
	theirs := asking(ns, "theirs", "evenkeel")
	create(t, theirs)
	o := owned(t, ns)
	v, fault := o.Ensure(t.Context(), host, host)
	if fault != nil || v.Name != "theirs" || v.Generation != theirs.Generation || len(v.Labels)+len(v.OwnerReferences) != 0 ||
		v.Annotations[v1alpha1.OwnerAnnotation] != ns+"/acme/"+string(o.Profile.UID) {
		t.Errorf("%+v: %+v", fault, v)
	}
	again, fault := o.Ensure(t.Context(), host, host)
	if fault != nil || again.Name != "theirs" || again.ResourceVersion != v.ResourceVersion {
		t.Errorf("%+v: %+v", fault, again)
	}
	other := o
	other.Profile = o.Profile.DeepCopy()
	other.Profile.UID = "another"
	if _, fault = other.Ensure(t.Context(), host, host); fault == nil || fault.Reason != v1alpha1.ReasonVPAConflict {
		t.Errorf("another profile takes it: %+v", fault)
	}
	ns = namespace(t)
	create(t, asking(ns, "theirs", "default"))
	if _, fault = owned(t, ns).Ensure(t.Context(), host, host); fault == nil || fault.Reason != v1alpha1.ReasonVPAConflict ||
		!strings.Contains(fault.Message, "VerticalPodAutoscaler theirs (recommender default)") {
		t.Errorf("%+v", fault)
	}
}

// recommending gives a VerticalPodAutoscaler a size.
func recommending(t *testing.T, v *vpav1.VerticalPodAutoscaler) {
	t.Helper()
	if err := vpa.Write(t.Context(), host, v, vpa.StatusOf(v, "app", plane.SizePlan{Want: plane.Amounts{CPU: 1, Memory: 1 << 30}}, begin)); err != nil {
		t.Fatal(err)
	}
}

func letGo(t *testing.T, o vpa.Owned, kept func(*vpav1.VerticalPodAutoscaler) bool) *plane.Fault {
	t.Helper()
	return vpa.LetGo(t.Context(), host, host, o.Profile, kept, begin)
}

// What a profile has made goes with it; others' stay as they are.
func TestTheProfilesOwnIsLetGo(t *testing.T) {
	ns := namespace(t)
	o := owned(t, ns)
	v, fault := o.Ensure(t.Context(), host, host)
	if fault != nil {
		t.Fatal(fault.Message)
	}
	other := asking(ns, "other", "evenkeel")
	other.Annotations = map[string]string{v1alpha1.OwnerAnnotation: ns + "/another/1"}
	create(t, other)
	if fault := letGo(t, o, o.Claims); fault != nil {
		t.Fatal(fault.Message)
	}
	if is := seen(t, ns, v.Name); is.UID != v.UID || !is.DeletionTimestamp.IsZero() {
		t.Errorf("one that is kept is deleted: %+v", is.ObjectMeta)
	}
	before := v.DeepCopy()
	v.Finalizers = []string{"example.com/held"}
	if err := host.Patch(t.Context(), v, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	if fault := letGo(t, o, nil); fault == nil || !strings.Contains(fault.Message, "acme-apiserver") || !strings.Contains(fault.Message, "it is there still") {
		t.Errorf("one that stays counts as gone: %+v", fault)
	}
	v = seen(t, ns, v.Name)
	before = v.DeepCopy()
	v.Finalizers = nil
	if err := host.Patch(t.Context(), v, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	if fault := letGo(t, o, nil); fault != nil {
		t.Error(fault.Message)
	}
	if err := host.Get(t.Context(), client.ObjectKeyFromObject(v), v); !apierrors.IsNotFound(err) {
		t.Errorf("it is there still: %v", err)
	}
	if is := seen(t, ns, "other"); is.ResourceVersion != other.ResourceVersion {
		t.Errorf("another profile's has been written: %+v", is)
	}
}

// An adopted one stays and says nothing any more; one that by now asks for another
// recommender keeps that one's status.
func TestAnAdoptedOneIsLetGo(t *testing.T) {
	for recommender, told := range map[string]bool{"evenkeel": false, "default": true} {
		ns := namespace(t)
		create(t, asking(ns, "theirs", "evenkeel"))
		o := owned(t, ns)
		v, fault := o.Ensure(t.Context(), host, host)
		if fault != nil {
			t.Fatal(fault.Message)
		}
		recommending(t, v)
		v = seen(t, ns, "theirs")
		before := v.DeepCopy()
		v.Spec.Recommenders[0].Name = recommender
		if err := host.Patch(t.Context(), v, client.MergeFrom(before)); err != nil {
			t.Fatal(err)
		}
		if fault := letGo(t, o, nil); fault != nil {
			t.Fatal(fault.Message)
		}
		is := seen(t, ns, "theirs")
		if (is.Status.Recommendation != nil) != told || is.Generation != v.Generation || len(is.Annotations) != 0 {
			t.Errorf("with recommender %s: %+v", recommender, is)
		}
		if c := is.Status.Conditions[0]; !told && (c.Status != corev1.ConditionFalse || c.Reason != "LetGo") {
			t.Errorf("%+v", c)
		}
	}
}

// unknowing is an API without VerticalPodAutoscalers.
type unknowing struct{ client.Reader }

func (unknowing) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return &meta.NoKindMatchError{GroupKind: schema.GroupKind{Group: "autoscaling.k8s.io", Kind: "VerticalPodAutoscaler"}}
}

func TestNoVerticalPodAutoscalers(t *testing.T) {
	_, fault := owned(t, namespace(t)).Ensure(t.Context(), host, unknowing{})
	if fault == nil || fault.Reason != v1alpha1.ReasonVPAUnavailable {
		t.Errorf("%+v", fault)
	}
}

// A host cluster without them has nothing to let go of; one that cannot be asked may have.
func TestLettingGoOfNone(t *testing.T) {
	o := owned(t, namespace(t))
	if fault := vpa.LetGo(t.Context(), host, unknowing{}, o.Profile, nil, begin); fault != nil {
		t.Error(fault.Message)
	}
	if fault := vpa.LetGo(t.Context(), host, down{}, o.Profile, nil, begin); fault == nil || fault.Reason != v1alpha1.ReasonWriteFailed {
		t.Errorf("%+v", fault)
	}
}

// down is an API that is not there.
type down struct{ client.Reader }

func (down) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return errors.New("connection refused")
}
