// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// reasonLetGo is that of RecommendationProvided where a profile has let go.
const reasonLetGo = "LetGo"

// owner is how a profile is named by what is its own.
func owner(cpp *v1alpha1.ControlPlaneProfile) string {
	return cpp.Namespace + "/" + cpp.Name + "/" + string(cpp.UID)
}

// marked tells whether a VerticalPodAutoscaler is a profile's: made or adopted by it.
func marked(cpp *v1alpha1.ControlPlaneProfile, v *vpav1.VerticalPodAutoscaler) bool {
	return v.Annotations[v1alpha1.OwnerAnnotation] == owner(cpp)
}

// owns tells whether a profile has made it. Only what it has made refers to it as its
// controller.
func owns(cpp *v1alpha1.ControlPlaneProfile, v *vpav1.VerticalPodAutoscaler) bool {
	return marked(cpp, v) && metav1.IsControlledBy(v, cpp)
}

// mark writes whose a VerticalPodAutoscaler is, nil for nobody's, and nothing else of it.
func mark(ctx context.Context, c client.Client, v *vpav1.VerticalPodAutoscaler, owner any) error {
	raw, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": v.UID, "annotations": map[string]any{v1alpha1.OwnerAnnotation: owner},
	}})
	if err != nil {
		return fmt.Errorf("forming the annotation of VerticalPodAutoscaler %s/%s: %w", v.Namespace, v.Name, err)
	}
	if err := c.Patch(ctx, v, client.RawPatch(types.MergePatchType, raw)); err != nil {
		return fmt.Errorf("annotating VerticalPodAutoscaler %s/%s: %w", v.Namespace, v.Name, err)
	}
	return nil
}

// inNamespace are all VerticalPodAutoscalers of a namespace.
func inNamespace(ctx context.Context, reader client.Reader, namespace string) (all []vpav1.VerticalPodAutoscaler, err error) {
	for page := (vpav1.VerticalPodAutoscalerList{}); ; {
		if err := reader.List(ctx, &page, client.InNamespace(namespace), client.Limit(mostVPAs), client.Continue(page.Continue)); err != nil {
			return nil, err
		}
		if all = append(all, page.Items...); page.Continue == "" {
			return all, nil
		}
	}
}

// Claims tells whether a VerticalPodAutoscaler is the one that Ensure would give.
func (o Owned) Claims(v *vpav1.VerticalPodAutoscaler) bool {
	return marked(o.Profile, v) && (v.Name == o.name() || o.targets(v))
}

// LetGo leaves the VerticalPodAutoscalers of a profile as they were found, but for those
// that are kept (nil is none): what would act on a size that nobody decides any more. The
// profile's own are deleted. An adopted one is told that there is no recommendation, and
// is nobody's again. What was written is read back. reader reads the API itself.
func LetGo(ctx context.Context, c client.Client, reader client.Reader, cpp *v1alpha1.ControlPlaneProfile, kept func(*vpav1.VerticalPodAutoscaler) bool, now time.Time) *plane.Fault {
	all, err := inNamespace(ctx, reader, cpp.Namespace)
	switch {
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
		return nil // the host cluster has none
	case err != nil:
		return faultOf(cpp.Namespace, "listing VerticalPodAutoscalers to let go of them", err)
	}
	for i := range all {
		v := &all[i]
		if !marked(cpp, v) || kept != nil && kept(v) {
			continue
		}
		if err := letGo(ctx, c, reader, cpp, v, now); err != nil {
			return faultOf(cpp.Namespace, "letting go of VerticalPodAutoscaler "+v.Name, err)
		}
	}
	return nil
}

func letGo(ctx context.Context, c client.Client, reader client.Reader, cpp *v1alpha1.ControlPlaneProfile, v *vpav1.VerticalPodAutoscaler, now time.Time) error {
	uid := v.UID
	if err := give(ctx, c, cpp, v, now); client.IgnoreNotFound(err) != nil {
		return err
	}
	var is vpav1.VerticalPodAutoscaler
	switch err := reader.Get(ctx, client.ObjectKeyFromObject(v), &is); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading it back: %w", err)
	case is.UID == uid && marked(cpp, &is):
		return errStays
	}
	return nil
}

// errStays is a VerticalPodAutoscaler that is there still.
var errStays = errors.New("it is there still: something holds it, as a finalizer does")

// give takes back what a profile wrote.
func give(ctx context.Context, c client.Client, cpp *v1alpha1.ControlPlaneProfile, v *vpav1.VerticalPodAutoscaler, now time.Time) error {
	if owns(cpp, v) {
		if err := c.Delete(ctx, v, client.Preconditions{UID: &v.UID}); err != nil {
			return fmt.Errorf("deleting VerticalPodAutoscaler %s/%s: %w", v.Namespace, v.Name, err)
		}
		return nil
	}
	// One that asks for another recommender by now has that one's recommendation.
	if asks(v) && v.Status.Recommendation != nil {
		none := vpav1.VerticalPodAutoscalerStatus{Conditions: []vpav1.VerticalPodAutoscalerCondition{{
			Type: vpav1.RecommendationProvided, Status: corev1.ConditionFalse, Reason: reasonLetGo,
			Message:            "ControlPlaneProfile " + cpp.Name + " decides this size no longer",
			LastTransitionTime: metav1.NewTime(now.Truncate(time.Second)),
		}}}
		if err := Write(ctx, c, v, none); err != nil {
			return err
		}
	}
	return mark(ctx, c, v, nil)
}
