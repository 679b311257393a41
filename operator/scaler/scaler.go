// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scaler is the HorizontalPodAutoscaler of one profile's apiservers: it finds the
// one that there is (look.go, among.go), makes one where there is none (ensure.go,
// wanted.go), sets its floor, which is its minReplicas (floor.go), and leaves it as it was
// (letgo.go). The number of replicas itself is never written.
//
// One that the profile has made is its own as a whole. One that somebody else has made is
// adopted: of it minReplicas alone is written, by server-side apply and without force.
// What is another's is told with its owner, and never fought. managers.go tells whose a
// field is.
package scaler

import (
	"context"
	"errors"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

const (
	// FloorManager is the field manager of the floor of adopted ones, apart from that of
	// Evenkeel's own: whoever gives a field up by server-side apply gives up all that its
	// manager has in the object.
	FloorManager = v1alpha1.FieldManager + "-floor"

	// suffix ends the names of those that profiles make, longest bounds a name.
	suffix  = "-evenkeel"
	longest = 253

	// most bounds how many autoscalers of a namespace are looked through.
	most = 500
	// within bounds one call of the host cluster's API.
	within = 5 * time.Second
)

// errMany is a namespace with more autoscalers than are looked through.
var errMany = errors.New("there are more than 500 of them")

// Scaler is the autoscaler of one profile, as the profile and the host cluster ask for it.
type Scaler struct {
	Profile *v1alpha1.ControlPlaneProfile
	// Controller is what controls the apiservers' workload, as an operator's own kind
	// does; nil while nothing does.
	Controller *metav1.OwnerReference
	// Replicas is how many the workload is to have now; an autoscaler that is made begins
	// with as many.
	Replicas int
}

// Max is the most replicas that a profile allows; 0 is not to be scaled.
func Max(cpp *v1alpha1.ControlPlaneProfile) int {
	if r := cpp.Spec.APIServer.Replicas; r != nil && r.Max != nil {
		return int(*r.Max)
	}
	return 0
}

// Min is the fewest replicas that a profile allows: 1 where it does not say.
func Min(cpp *v1alpha1.ControlPlaneProfile) int {
	if r := cpp.Spec.APIServer.Replicas; r != nil && r.Min != nil {
		return int(*r.Min)
	}
	return 1
}

// name is that of the profile's own.
func (s Scaler) name() string {
	workload := s.Profile.Spec.APIServer.TargetRef.Name
	return strings.TrimRight(workload[:min(len(workload), longest-len(suffix))], "-.") + suffix
}

// target is what is scaled.
func (s Scaler) target() autoscalingv2.CrossVersionObjectReference {
	if ref := s.Profile.Spec.Scaling.TargetRef; ref != nil {
		return autoscalingv2.CrossVersionObjectReference{APIVersion: ref.APIVersion, Kind: ref.Kind, Name: ref.Name}
	}
	return s.workload()
}

// workload is what runs the apiservers.
func (s Scaler) workload() autoscalingv2.CrossVersionObjectReference {
	ref := s.Profile.Spec.APIServer.TargetRef
	return autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: ref.Kind, Name: ref.Name}
}

// scales tells whether an autoscaler is for an object, whichever version of its group it
// names.
func scales(h *autoscalingv2.HorizontalPodAutoscaler, o autoscalingv2.CrossVersionObjectReference) bool {
	ref := h.Spec.ScaleTargetRef
	return ref.Kind == o.Kind && ref.Name == o.Name && (ref.APIVersion == "" || groupOf(ref.APIVersion) == groupOf(o.APIVersion))
}

func groupOf(apiVersion string) string {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return apiVersion
	}
	return gv.Group
}

// owner is how a profile is named by what is its own.
func owner(cpp *v1alpha1.ControlPlaneProfile) string {
	return cpp.Namespace + "/" + cpp.Name + "/" + string(cpp.UID)
}

// marked tells whether an autoscaler is a profile's: made or adopted by it.
func marked(cpp *v1alpha1.ControlPlaneProfile, h *autoscalingv2.HorizontalPodAutoscaler) bool {
	return h.Annotations[v1alpha1.OwnerAnnotation] == owner(cpp)
}

// owns tells whether a profile has made it. Only what it has made refers to it as its
// controller.
func owns(cpp *v1alpha1.ControlPlaneProfile, h *autoscalingv2.HorizontalPodAutoscaler) bool {
	return marked(cpp, h) && metav1.IsControlledBy(h, cpp)
}

// others tells whether it is marked as another profile's. One of this name that was
// deleted before is no other.
func others(cpp *v1alpha1.ControlPlaneProfile, h *autoscalingv2.HorizontalPodAutoscaler) bool {
	mark := h.Annotations[v1alpha1.OwnerAnnotation]
	return mark != "" && !strings.HasPrefix(mark, cpp.Namespace+"/"+cpp.Name+"/")
}

// list are the autoscalers of a namespace. reader must read the API itself: a cache holds
// no field managers.
func list(ctx context.Context, reader client.Reader, namespace string) ([]autoscalingv2.HorizontalPodAutoscaler, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var all autoscalingv2.HorizontalPodAutoscalerList
	if err := reader.List(ctx, &all, client.InNamespace(namespace), client.Limit(most)); err != nil {
		return nil, err
	}
	if all.Continue != "" {
		return nil, errMany
	}
	return all.Items, nil
}
