// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"context"
	"fmt"
	"strings"
	"time"

	autoscaling "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
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
// that somebody has made for the same target with Evenkeel as its recommender, whose spec
// is never changed. reader reads the API itself. Another recommender's is not fought.
func (o Owned) Ensure(ctx context.Context, c client.Client, reader client.Reader) (*vpav1.VerticalPodAutoscaler, *plane.Fault) {
	var all vpav1.VerticalPodAutoscalerList
	if err := reader.List(ctx, &all, client.InNamespace(o.Profile.Namespace), client.Limit(mostVPAs)); err != nil {
		return nil, o.fault("listing VerticalPodAutoscalers", err)
	}
	for i := range all.Items {
		v := &all.Items[i]
		switch same := v.Spec.TargetRef != nil && v.Spec.TargetRef.Kind == o.Target.Kind && v.Spec.TargetRef.Name == o.Target.Name; {
		case v.Name == o.name() && v.Annotations[v1alpha1.OwnerAnnotation] == o.owner():
			return o.keep(ctx, c, v)
		case v.Name == o.name():
			return nil, o.conflict(v, "it has the name that the profile's own would have")
		case same && asks(v) && v.Annotations[v1alpha1.OwnerAnnotation] == "":
			return v, nil
		case same:
			return nil, o.conflict(v, "it is for the same target, by another recommender or another profile")
		}
	}
	v := o.wanted()
	if err := controllerutil.SetControllerReference(o.Profile, v, c.Scheme()); err != nil {
		return nil, o.fault("making the VerticalPodAutoscaler the profile's", err)
	}
	if err := c.Create(ctx, v); err != nil {
		return nil, o.fault("creating VerticalPodAutoscaler "+v.Name, err)
	}
	return v, nil
}

// keep brings the profile's own to what the profile asks for.
func (o Owned) keep(ctx context.Context, c client.Client, v *vpav1.VerticalPodAutoscaler) (*vpav1.VerticalPodAutoscaler, *plane.Fault) {
	want, before := o.wanted(), v.DeepCopy()
	if same(v.Spec, want.Spec) {
		return v, nil
	}
	v.Spec = want.Spec
	if err := c.Patch(ctx, v, client.MergeFrom(before)); err != nil {
		return nil, o.fault("writing VerticalPodAutoscaler "+v.Name, err)
	}
	return v, nil
}

// same tells whether nothing of a spec that Evenkeel writes differs.
func same(a, b vpav1.VerticalPodAutoscalerSpec) bool {
	mode := func(s vpav1.VerticalPodAutoscalerSpec) vpav1.UpdateMode {
		if s.UpdatePolicy == nil || s.UpdatePolicy.UpdateMode == nil {
			return ""
		}
		return *s.UpdatePolicy.UpdateMode
	}
	policies := func(s vpav1.VerticalPodAutoscalerSpec) []vpav1.ContainerResourcePolicy {
		if s.ResourcePolicy == nil {
			return nil
		}
		return s.ResourcePolicy.ContainerPolicies
	}
	return equality.Semantic.DeepEqual(a.TargetRef, b.TargetRef) && equality.Semantic.DeepEqual(a.Recommenders, b.Recommenders) &&
		mode(a) == mode(b) && equality.Semantic.DeepEqual(policies(a), policies(b))
}

func (o Owned) name() string {
	return o.Profile.Name + "-" + strings.ToLower(string(o.Component))
}

func (o Owned) owner() string {
	return o.Profile.Namespace + "/" + o.Profile.Name + "/" + string(o.Profile.UID)
}

// wanted is the VerticalPodAutoscaler as the profile asks for it. Where Evenkeel resizes
// the pods itself it acts on new pods alone, by the admission-controller, so that they
// begin with their size; else by the updater, in place where that is possible. The updater
// leaves groups of one pod alone by its own default, which is right for a member of etcd
// without others.
func (o Owned) wanted() *vpav1.VerticalPodAutoscaler {
	mode, values := vpav1.UpdateModeInitial, vpav1.ContainerControlledValuesRequestsOnly
	if o.Profile.Spec.Sizing.Apply == v1alpha1.ApplyVPA {
		mode = vpav1.UpdateModeInPlaceOrRecreate
	}
	if o.Profile.Spec.Sizing.ControlledValues == v1alpha1.RequestsAndLimits {
		values = vpav1.ContainerControlledValuesRequestsAndLimits
	}
	off := vpav1.ContainerScalingModeOff
	return &vpav1.VerticalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: o.Profile.Namespace, Name: o.name(),
			Labels:      map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy},
			Annotations: map[string]string{v1alpha1.OwnerAnnotation: o.owner()},
		},
		Spec: vpav1.VerticalPodAutoscalerSpec{
			TargetRef:    &autoscaling.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: o.Target.Kind, Name: o.Target.Name},
			Recommenders: []*vpav1.VerticalPodAutoscalerRecommenderSelector{{Name: RecommenderName}},
			UpdatePolicy: &vpav1.PodUpdatePolicy{UpdateMode: &mode},
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

// StatusOf is the status that tells of a component's size.
func StatusOf(v *vpav1.VerticalPodAutoscaler, container string, s plane.SizePlan, now time.Time) vpav1.VerticalPodAutoscalerStatus {
	c := vpav1.VerticalPodAutoscalerCondition{
		Type: vpav1.RecommendationProvided, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Truncate(time.Second)),
	}
	for _, was := range v.Status.Conditions {
		if was.Type == c.Type && was.Status == c.Status {
			c.LastTransitionTime = was.LastTransitionTime
		}
	}
	return vpav1.VerticalPodAutoscalerStatus{
		Conditions: []vpav1.VerticalPodAutoscalerCondition{c},
		Recommendation: &vpav1.RecommendedPodResources{ContainerRecommendations: []vpav1.RecommendedContainerResources{{
			ContainerName:  container,
			Target:         amounts{s.Want.CPU, s.Want.Memory}.list(),
			LowerBound:     amounts{min(s.CPU.Lower, s.Want.CPU), min(s.Memory.Lower, s.Want.Memory)}.list(),
			UpperBound:     amounts{max(s.CPU.Upper, s.Want.CPU), max(s.Memory.Upper, s.Want.Memory)}.list(),
			UncappedTarget: amounts{s.CPU.Uncapped, s.Memory.Uncapped}.list(),
		}}},
	}
}

func (o Owned) conflict(v *vpav1.VerticalPodAutoscaler, why string) *plane.Fault {
	by := "no recommender named"
	if len(v.Spec.Recommenders) > 0 {
		by = "recommender " + v.Spec.Recommenders[0].Name
	}
	return &plane.Fault{Reason: v1alpha1.ReasonVPAConflict, Message: fmt.Sprintf(
		"VerticalPodAutoscaler %s (%s): %s. It is left alone and none is kept for %s: delete it, or set spec.sizing.verticalPodAutoscaler to Off", v.Name, by, why, o.Component)}
}

// fault says what the API answered and what to do.
func (o Owned) fault(attempted string, err error) *plane.Fault {
	f := &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: fmt.Sprintf("%s in namespace %s: %.300v", attempted, o.Profile.Namespace, err)}
	switch {
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
		f.Reason, f.Message = v1alpha1.ReasonVPAUnavailable, "the host cluster has no VerticalPodAutoscalers: all else goes on; new pods are resized right after they start"
	case apierrors.IsForbidden(err):
		f.Reason = v1alpha1.ReasonAccessDenied
	}
	return f
}
