// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"context"
	"fmt"
	"strings"

	autoscaling "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// RecommenderName is what the operator's own VerticalPodAutoscalers name, and those that
// it adopts.
const RecommenderName = "evenkeel"

// mostVPAs bounds how many VerticalPodAutoscalers of a namespace are looked through.
const mostVPAs = 500

// Owned is the VerticalPodAutoscaler of one component of a ControlPlaneProfile.
type Owned struct {
	Profile   *v1alpha1.ControlPlaneProfile
	Component sizing.Component
	Target    v1alpha1.TargetRef
	Container string
}

// Ensure makes sure of the VerticalPodAutoscaler and gives it: the profile's own, or one
// that somebody has made for the same target with Evenkeel as its recommender, which is
// marked as the profile's and whose spec is never changed. reader reads the API itself.
// Another recommender's is not fought. A fault beside a VerticalPodAutoscaler says what of
// it is not as the profile asks.
func (o Owned) Ensure(ctx context.Context, c client.Client, reader client.Reader) (*vpav1.VerticalPodAutoscaler, *plane.Fault) {
	all, err := inNamespace(ctx, reader, o.Profile.Namespace)
	if err != nil {
		return nil, o.fault("listing VerticalPodAutoscalers", err)
	}
	own, theirs, conflict := o.among(all)
	switch {
	case own != nil && (o.targets(own) || conflict == nil && theirs == nil):
		return o.keep(ctx, c, own)
	case conflict != nil:
		return nil, conflict
	case theirs != nil:
		return o.adopt(ctx, c, theirs)
	}
	return o.create(ctx, c)
}

// among finds the profile's own, one that can be adopted, and what is in the way of both.
func (o Owned) among(all []vpav1.VerticalPodAutoscaler) (own, theirs *vpav1.VerticalPodAutoscaler, conflict *plane.Fault) {
	for i := range all {
		switch v := &all[i]; {
		case v.Name == o.name() && owns(o.Profile, v):
			own = v
		case v.Name == o.name():
			conflict = o.conflict(v, "it has the name that the profile's own would have")
		case !o.targets(v):
		case asks(v) && (v.Annotations[v1alpha1.OwnerAnnotation] == "" || marked(o.Profile, v)):
			theirs = v
		default:
			conflict = o.conflict(v, "it is for the same target, by another recommender or another profile")
		}
	}
	return own, theirs, conflict
}

func (o Owned) create(ctx context.Context, c client.Client) (*vpav1.VerticalPodAutoscaler, *plane.Fault) {
	v := o.wanted()
	if err := controllerutil.SetControllerReference(o.Profile, v, c.Scheme()); err != nil {
		return nil, o.fault("making the VerticalPodAutoscaler the profile's", err)
	}
	return o.put(v, "creating", func() error { return c.Create(ctx, v) })
}

// keep brings the profile's own to what the profile asks for.
func (o Owned) keep(ctx context.Context, c client.Client, v *vpav1.VerticalPodAutoscaler) (*vpav1.VerticalPodAutoscaler, *plane.Fault) {
	want, before := o.wanted(), v.DeepCopy()
	if same(v.Spec, want.Spec) {
		return v, nil
	}
	v.Spec = want.Spec
	return o.put(v, "writing", func() error { return c.Patch(ctx, v, client.MergeFrom(before)) })
}

// adopt marks somebody's as the profile's, so that no other recommender writes it as well.
func (o Owned) adopt(ctx context.Context, c client.Client, v *vpav1.VerticalPodAutoscaler) (*vpav1.VerticalPodAutoscaler, *plane.Fault) {
	if marked(o.Profile, v) {
		return v, nil
	}
	if err := mark(ctx, c, v, owner(o.Profile)); err != nil {
		return nil, o.fault("marking VerticalPodAutoscaler "+v.Name+" as the profile's", err)
	}
	return v, nil
}

// put writes by do. Where the mode that never evicts is refused, because the host cluster's
// VerticalPodAutoscalers do not have it, running pods are left alone: one that evicts would
// be worse than none.
func (o Owned) put(v *vpav1.VerticalPodAutoscaler, attempted string, do func() error) (*vpav1.VerticalPodAutoscaler, *plane.Fault) {
	err := do()
	if v.Spec.UpdatePolicy == nil || !refused(*v.Spec.UpdatePolicy.UpdateMode, err) {
		if err != nil {
			return nil, o.fault(attempted+" VerticalPodAutoscaler "+v.Name, err)
		}
		return v, nil
	}
	*v.Spec.UpdatePolicy.UpdateMode = vpav1.UpdateModeInitial
	if err := do(); err != nil {
		return nil, o.fault(attempted+" VerticalPodAutoscaler "+v.Name, err)
	}
	return v, &plane.Fault{Reason: v1alpha1.ReasonVPAUnavailable, Message: fmt.Sprintf(
		"VerticalPodAutoscaler %s sizes new pods alone: spec.sizing.eviction is Never, and the host cluster refuses mode InPlace, which never evicts. "+
			"Switch on the feature gate InPlace of the upstream updater and admission-controller, set spec.sizing.apply to InPlace, or spec.sizing.eviction to WhenStuck", v.Name)}
}

// refused tells whether a mode is one that the API does not take: its webhook names the
// gate that is off, and a CRD before VPA 1.8 the values that it knows.
func refused(mode vpav1.UpdateMode, err error) bool {
	return mode == vpav1.UpdateModeInPlace && apierrors.IsInvalid(err) && strings.Contains(err.Error(), "updateMode")
}

// same tells whether nothing of a spec that Evenkeel writes differs.
func same(a, b vpav1.VerticalPodAutoscalerSpec) bool {
	mode := func(s vpav1.VerticalPodAutoscalerSpec) vpav1.UpdateMode {
		if s.UpdatePolicy == nil || s.UpdatePolicy.UpdateMode == nil {
			return ""
		}
		return *s.UpdatePolicy.UpdateMode
	}
	least := func(s vpav1.VerticalPodAutoscalerSpec) *int32 {
		if s.UpdatePolicy == nil {
			return nil
		}
		return s.UpdatePolicy.MinReplicas
	}
	policies := func(s vpav1.VerticalPodAutoscalerSpec) []vpav1.ContainerResourcePolicy {
		if s.ResourcePolicy == nil {
			return nil
		}
		return s.ResourcePolicy.ContainerPolicies
	}
	return equality.Semantic.DeepEqual(a.TargetRef, b.TargetRef) && equality.Semantic.DeepEqual(a.Recommenders, b.Recommenders) &&
		mode(a) == mode(b) && equality.Semantic.DeepEqual(least(a), least(b)) && equality.Semantic.DeepEqual(policies(a), policies(b))
}

func (o Owned) name() string {
	return o.Profile.Name + "-" + strings.ToLower(string(o.Component))
}

// targets tells whether a VerticalPodAutoscaler is for the component's workload.
func (o Owned) targets(v *vpav1.VerticalPodAutoscaler) bool {
	ref := v.Spec.TargetRef
	return ref != nil && ref.Kind == o.Target.Kind && ref.Name == o.Target.Name
}

// quorate is how many members of etcd the updater must find to touch any: of one or two
// each is needed. Elsewhere its own default holds, which leaves single pods alone.
const quorate = 3

// mode is what the updater is to do. Where Evenkeel resizes the pods itself, upstream acts
// on new pods alone, by the admission-controller, so that they begin with their size. Else
// the updater resizes in place. InPlaceOrRecreate evicts a pod whose resize is infeasible
// or waits for more than five minutes, so that it is asked for only where a pod may be
// evicted. InPlace never evicts; it takes the feature gate InPlace, alpha in VPA 1.8, of
// the updater and the admission-controller both (put says what is done without it).
func (o Owned) mode() vpav1.UpdateMode {
	switch s := o.Profile.Spec.Sizing; {
	case s.Apply != v1alpha1.ApplyVPA:
		return vpav1.UpdateModeInitial
	case s.Eviction == v1alpha1.EvictWhenStuck:
		return vpav1.UpdateModeInPlaceOrRecreate
	default:
		return vpav1.UpdateModeInPlace
	}
}

// wanted is the VerticalPodAutoscaler as the profile asks for it.
func (o Owned) wanted() *vpav1.VerticalPodAutoscaler {
	policy, values := &vpav1.PodUpdatePolicy{UpdateMode: new(o.mode())}, vpav1.ContainerControlledValuesRequestsOnly
	if o.Component == sizing.Etcd {
		policy.MinReplicas = new(int32(quorate))
	}
	if o.Profile.Spec.Sizing.ControlledValues == v1alpha1.RequestsAndLimits {
		values = vpav1.ContainerControlledValuesRequestsAndLimits
	}
	off := vpav1.ContainerScalingModeOff
	return &vpav1.VerticalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: o.Profile.Namespace, Name: o.name(),
			Labels:      map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy},
			Annotations: map[string]string{v1alpha1.OwnerAnnotation: owner(o.Profile)},
		},
		Spec: vpav1.VerticalPodAutoscalerSpec{
			TargetRef:    &autoscaling.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: o.Target.Kind, Name: o.Target.Name},
			Recommenders: []*vpav1.VerticalPodAutoscalerRecommenderSelector{{Name: RecommenderName}},
			UpdatePolicy: policy,
			ResourcePolicy: &vpav1.PodResourcePolicy{ContainerPolicies: []vpav1.ContainerResourcePolicy{
				{ContainerName: o.Container, ControlledValues: &values},
				{ContainerName: vpav1.DefaultContainerResourcePolicy, Mode: &off},
			}},
		},
	}
}

// asks tells whether a VerticalPodAutoscaler asks for Evenkeel.
func asks(v *vpav1.VerticalPodAutoscaler) bool {
	return len(v.Spec.Recommenders) == 1 && v.Spec.Recommenders[0].Name == RecommenderName
}

func (o Owned) conflict(v *vpav1.VerticalPodAutoscaler, why string) *plane.Fault {
	by := "no recommender named"
	if len(v.Spec.Recommenders) > 0 {
		by = "recommender " + v.Spec.Recommenders[0].Name
	}
	return &plane.Fault{Reason: v1alpha1.ReasonVPAConflict, Message: fmt.Sprintf(
		"VerticalPodAutoscaler %s (%s): %s. It is left alone and none is kept for %s: delete it, or set spec.sizing.verticalPodAutoscaler to Off", v.Name, by, why, o.Component)}
}

func (o Owned) fault(attempted string, err error) *plane.Fault {
	return faultOf(o.Profile.Namespace, attempted, err)
}

// faultOf says what the API answered and what to do.
func faultOf(namespace, attempted string, err error) *plane.Fault {
	f := &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: fmt.Sprintf("%s in namespace %s: %.300v", attempted, namespace, err)}
	switch {
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
		f.Reason, f.Message = v1alpha1.ReasonVPAUnavailable, "the host cluster has no VerticalPodAutoscalers: all else goes on; new pods are resized right after they start"
	case apierrors.IsForbidden(err):
		f.Reason = v1alpha1.ReasonAccessDenied
	}
	return f
}
