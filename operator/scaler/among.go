// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// found is what there is among the autoscalers of a namespace.
type found struct {
	// own is the profile's, theirs one of somebody else's over the profile's target; nil
	// where there is none.
	own, theirs *autoscalingv2.HorizontalPodAutoscaler
	// conflict says why neither may be written, nor another be made.
	conflict *plane.Fault
}

// it is the one to tell of.
func (f found) it() *autoscalingv2.HorizontalPodAutoscaler {
	if f.own != nil {
		return f.own
	}
	return f.theirs
}

// among finds the profile's own, one that can be adopted, and what is in the way.
func (s Scaler) among(all []autoscalingv2.HorizontalPodAutoscaler) (f found) {
	var second, taken *autoscalingv2.HorizontalPodAutoscaler
	for i := range all {
		switch h := &all[i]; {
		case made(s.Profile, h):
			if h.Name == s.name() || f.own == nil && s.overTarget(h) {
				f.own = h
			}
		case s.overTarget(h) && f.theirs == nil:
			f.theirs = h
		case s.overTarget(h):
			second = h
		case h.Name == s.name():
			taken = h
		}
	}
	if f.conflict = s.inTheWay(f, second, taken); f.conflict == nil {
		f.conflict = s.owned()
	}
	return f
}

// inTheWay is the fault of what was found; nil when there is none. second is one more of
// somebody else's over the target, taken one that has the name of the profile's own.
func (s Scaler) inTheWay(f found, second, taken *autoscalingv2.HorizontalPodAutoscaler) *plane.Fault {
	switch {
	case f.own != nil && f.theirs != nil:
		return two(f.own, f.theirs, true)
	case second != nil:
		return two(f.theirs, second, false)
	case f.theirs != nil:
		return s.anothers(f.theirs)
	case f.own == nil && taken != nil:
		return &plane.Fault{Reason: v1alpha1.ReasonNameTaken, Message: fmt.Sprintf(
			"HorizontalPodAutoscaler %s exists and this profile did not make it: it has the name that the profile's own would have, and scales %s. Rename or delete it; none is made",
			taken.Name, named(taken.Spec.ScaleTargetRef))}
	default:
		return nil
	}
}

// overTarget tells whether an autoscaler is over what this profile scales, or over the
// apiservers' workload itself.
func (s Scaler) overTarget(h *autoscalingv2.HorizontalPodAutoscaler) bool {
	return scales(h, s.target()) || scales(h, s.workload())
}

// left tells whether an autoscaler is what is left of an earlier target of the profile.
func (s Scaler) left(h *autoscalingv2.HorizontalPodAutoscaler, f found) bool {
	if made(s.Profile, h) {
		return h != f.own
	}
	return marked(s.Profile, h) && !s.overTarget(h)
}

// two is the fault of two autoscalers over the same pods: their controller obeys neither.
// own is whether the first is the profile's own.
func two(a, b *autoscalingv2.HorizontalPodAutoscaler, own bool) *plane.Fault {
	remedy, others := []string{"delete one of them"}, []*autoscalingv2.HorizontalPodAutoscaler{a, b}
	if own {
		remedy[0], others = fmt.Sprintf("delete %s, or set spec.scaling.mode to Off, which deletes %s", b.Name, a.Name), others[1:]
	}
	for _, h := range others {
		if by := metav1.GetControllerOf(h); by != nil {
			remedy = append(remedy, fmt.Sprintf("(%s comes again while %s %s is there)", h.Name, by.Kind, by.Name))
		}
	}
	return &plane.Fault{Reason: v1alpha1.ReasonScalerConflict, Message: fmt.Sprintf(
		"HorizontalPodAutoscalers %s and %s are over the same replicas, and their controller obeys neither: %s; neither is written", a.Name, b.Name, strings.Join(remedy, " "))}
}

// anothers says why an autoscaler over the target cannot be adopted; nil when it can.
func (s Scaler) anothers(h *autoscalingv2.HorizontalPodAutoscaler) *plane.Fault {
	conflict := func(format string, args ...any) *plane.Fault {
		return &plane.Fault{Reason: v1alpha1.ReasonScalerConflict, Message: fmt.Sprintf("HorizontalPodAutoscaler %s ", h.Name) + fmt.Sprintf(format, args...)}
	}
	if by := metav1.GetControllerOf(h); by != nil {
		if by.Kind == "ScaledObject" && groupOf(by.APIVersion) == "keda.sh" {
			return conflict("is KEDA's, of ScaledObject %s: set minReplicaCount there; it is left alone", by.Name)
		}
		return conflict("is controlled by %s %s (%s): set the least number of replicas there; it is left alone", by.Kind, by.Name, by.APIVersion)
	}
	if others(s.Profile, h) {
		return conflict("belongs to another profile (%.300s): delete one of the two; it is left alone", h.Annotations[v1alpha1.OwnerAnnotation])
	}
	if !scales(h, s.target()) {
		return conflict("is over %s itself, and spec.scaling.targetRef names %s, which sets the same number: delete it, or leave targetRef out", named(s.workload()), named(s.target()))
	}
	return nil
}

// owned is the fault of a workload that another object controls, which would write its
// number of replicas back; nil when there is none, or the profile names what to scale.
func (s Scaler) owned() *plane.Fault {
	if s.Controller == nil || s.Profile.Spec.Scaling.TargetRef != nil {
		return nil
	}
	by := s.Controller
	return &plane.Fault{Reason: v1alpha1.ReasonScaleOwned, Message: fmt.Sprintf(
		"%s belongs to %s %s, which sets its number of replicas: name it in spec.scaling.targetRef ({apiVersion: %s, kind: %s, name: %s}) if it has a scale subresource, or set the number there",
		named(s.workload()), by.Kind, by.Name, by.APIVersion, by.Kind, by.Name)}
}

func named(ref autoscalingv2.CrossVersionObjectReference) string { return ref.Kind + " " + ref.Name }
