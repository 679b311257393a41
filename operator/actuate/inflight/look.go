// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Look is a workload, a Deployment or a StatefulSet as the API holds it, in the
// recommender's terms. container is the name of the kube-apiserver's. Why its flags cannot
// be read is its Fault, why no rollout may begin its Unsafe. Whether Evenkeel holds a
// rollout is told whatever is wrong with the rest: it is to go on then.
func Look(o client.Object, kind, container string) *plane.Workload {
	w := &plane.Workload{Name: kind + " " + o.GetName()}
	if owner := metav1.GetControllerOf(o); owner != nil {
		w.Owner = owner.Kind + " " + owner.Name
	}
	r, known := rolloutOf(o)
	if !known {
		w.Fault = &plane.Fault{Reason: v1alpha1.ReasonTargetInvalid, Message: w.Name + " is neither a Deployment nor a StatefulSet"}
		return w
	}
	w.Rolling, w.Short, w.Held = r.rolling, r.short, r.held && heldBy(o)
	if r.unsafe != "" && !w.Held {
		w.Unsafe = &plane.Fault{Reason: v1alpha1.ReasonRolloutUnsafe, Message: fmt.Sprintf("the flags of %s are not written: %s", w.Name, r.unsafe)}
	}
	var broken *plane.Fault
	w.Written, broken = keptBy(o, w, r)
	c := containerOf(r.template, container)
	if c == nil {
		w.Fault = &plane.Fault{Reason: v1alpha1.ReasonTargetInvalid, Message: fmt.Sprintf(
			"the template of %s has no container named %s: correct apiServer.container", w.Name, container)}
		return w
	}
	_, flags, err := read(c)
	w.Flags, w.Writer, w.Fault = flags, writer(o.GetManagedFields(), container), broken
	if err != nil {
		w.Fault = &plane.Fault{Reason: v1alpha1.ReasonFlagsElsewhere, Message: fmt.Sprintf(
			"the inflight flags in container %s of %s cannot be managed: %v; set --%s and --%s as arguments of their own", container, w.Name, err, reading, mutating)}
	}
	return w
}

// keptBy is what the workload keeps of what was written, and why that cannot be read.
func keptBy(o client.Object, w *plane.Workload, r rollout) (*plane.WrittenFlags, *plane.Fault) {
	broken := func(err error) *plane.Fault {
		return &plane.Fault{Reason: v1alpha1.ReasonFieldContested, Message: fmt.Sprintf("%s: %v: remove the annotation to have the flags managed again", w.Name, err)}
	}
	rec, err := recordOf(o)
	if err != nil {
		return nil, broken(err)
	}
	if rec == nil {
		return nil, nil
	}
	written, err := rec.flags()
	if err != nil {
		return nil, broken(err)
	}
	hash, err := hashOf(r.template)
	w.Ours = err == nil && hash == rec.Template
	return written, nil
}

// Kept says what the flags of a workload are and what they were before Evenkeel, for
// people; empty when Evenkeel has not changed them.
func Kept(w *plane.Workload) string {
	if !w.Changed() {
		return ""
	}
	return fmt.Sprintf("the inflight flags of %s stay at %s; before Evenkeel they were %s. To set them back restarts every replica, in a rollout of your own",
		w.Name, w.Flags, w.Written.Original)
}

func containerOf(t *corev1.PodTemplateSpec, name string) *corev1.Container {
	i := slices.IndexFunc(t.Spec.Containers, func(c corev1.Container) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &t.Spec.Containers[i]
}
