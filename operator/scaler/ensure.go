// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"context"
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Ensure makes sure that there is an autoscaler over the profile's target: it makes one
// where there is none, brings the profile's own to what the profile asks for, and leaves
// one of somebody else's as it is, but for the mark where its floor is Evenkeel's. Its floor
// is not moved, but for what the bounds of the profile ask. The profile's own is let go of
// where another object sets the number of replicas. Autoscalers of the profile over a target that is its no longer are let go
// of. What was written is read back; the fault says what is in the way. reader must read
// the API itself.
func (s Scaler) Ensure(ctx context.Context, c client.Client, reader client.Reader) *plane.Fault {
	all, err := list(ctx, reader, s.Profile.Namespace)
	if err != nil {
		return listFault(s.Profile, err)
	}
	there := s.among(all)
	fault := s.ensure(ctx, c, reader, there)
	for i := range all {
		if !s.left(&all[i], there) {
			continue
		}
		if f := letGo(ctx, c, reader, s.Profile, &all[i]); fault == nil {
			fault = f
		}
	}
	return fault
}

func (s Scaler) ensure(ctx context.Context, c client.Client, reader client.Reader, f found) *plane.Fault {
	switch {
	case f.own != nil && s.owned() != nil:
		if fault := letGo(ctx, c, reader, s.Profile, f.own); fault != nil {
			return fault
		}
		return f.conflict
	case f.conflict != nil:
		return f.conflict
	case f.own != nil:
		// A profile that lowers its maximum below the floor has the floor follow.
		want := s.wanted(f.own.Name, min(floor(f.own), Max(s.Profile)))
		if s.same(f.own, want) {
			return nil
		}
		return s.put(ctx, c, reader, f.own, want)
	case f.theirs != nil:
		return s.mark(ctx, c, reader, f.theirs)
	case s.Replicas > Max(s.Profile):
		return &plane.Fault{Reason: v1alpha1.ReasonAtMax, Message: fmt.Sprintf(
			"%d replicas are asked for and replicas.max is %d: an autoscaler would take the others away at once, so none is made. Raise replicas.max, or lower the number of replicas", s.Replicas, Max(s.Profile))}
	default:
		return s.put(ctx, c, reader, nil, s.wanted(s.name(), max(s.Replicas, Min(s.Profile))))
	}
}

// put applies the profile's own, as a whole and without force, and reads it back; now is
// what there is, nil for nothing.
func (s Scaler) put(ctx context.Context, c client.Client, reader client.Reader, now, want *autoscalingv2.HorizontalPodAutoscaler) *plane.Fault {
	attempted := "writing HorizontalPodAutoscaler " + want.Name
	if now != nil {
		want.UID = now.UID
	}
	if err := controllerutil.SetControllerReference(s.Profile, want, c.Scheme()); err != nil {
		return faultOf(v1alpha1.ReasonWriteFailed, attempted, err)
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(want)
	if err != nil {
		return faultOf(v1alpha1.ReasonWriteFailed, attempted, err)
	}
	delete(content, "status")
	unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
	if err := apply(ctx, c, content, v1alpha1.FieldManager); err != nil {
		return faultOf(v1alpha1.ReasonWriteFailed, attempted, err)
	}
	return readBack(ctx, reader, want, func(now *autoscalingv2.HorizontalPodAutoscaler) string {
		if !s.same(now, want) {
			return "it is not as it was written: a webhook or another writer has changed it"
		}
		return ""
	})
}

func apply(ctx context.Context, c client.Client, content map[string]any, manager string) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: content}), client.FieldOwner(manager))
}

// readBack reads what was written and says what is wrong with it; UID, where it is known,
// tells whether it is the one that was meant.
func readBack(ctx context.Context, reader client.Reader, written *autoscalingv2.HorizontalPodAutoscaler, wrong func(*autoscalingv2.HorizontalPodAutoscaler) string) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	attempted := "reading HorizontalPodAutoscaler " + written.Name + " back"
	var now autoscalingv2.HorizontalPodAutoscaler
	if err := reader.Get(ctx, client.ObjectKeyFromObject(written), &now); err != nil {
		return faultOf(v1alpha1.ReasonNotReadBack, attempted, err)
	}
	complaint := wrong(&now)
	if written.UID != "" && now.UID != written.UID {
		complaint = "it has been replaced"
	}
	if complaint == "" {
		return nil
	}
	return &plane.Fault{Reason: v1alpha1.ReasonNotReadBack, Message: attempted + ": " + complaint}
}
