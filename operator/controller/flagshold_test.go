// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// A rollout of Evenkeel's own is held and goes on, and what it was is what it is after a
// rollback in the middle.
func TestRolloutsAreHeld(t *testing.T) {
	w, d := managed(t, true)
	before := w.workload()
	d.plan(flagsStep(plane.SetFlags, found, raised))
	w.awaitDecision(plane.SetFlags, "written")
	d.plan(flagsStep(plane.HoldRollout, raised, raised))
	w.awaitDecision(plane.HoldRollout, "written")
	if o := w.workload(); !o.Spec.Paused || !strings.Contains(o.Annotations[v1alpha1.OriginalAnnotation], `"held":true`) {
		t.Errorf("held, and paused is %v, the annotation %s", o.Spec.Paused, o.Annotations[v1alpha1.OriginalAnnotation])
	}
	d.plan(flagsStep(plane.GoOnRollout, raised, raised))
	w.awaitDecision(plane.GoOnRollout, "written")
	if o := w.workload(); o.Spec.Paused || strings.Contains(o.Annotations[v1alpha1.OriginalAnnotation], "held") {
		t.Errorf("gone on, and paused is %v, the annotation %s", o.Spec.Paused, o.Annotations[v1alpha1.OriginalAnnotation])
	}
	d.plan(flagsStep(plane.HoldRollout, raised, raised))
	w.await(func() string {
		if !w.workload().Spec.Paused {
			return "it is not held again"
		}
		return ""
	})
	d.plan(flagsStep(plane.ReturnFlags, raised, found))
	w.awaitDecision(plane.ReturnFlags, "written")
	if diff := cmp.Diff(before.Spec, w.workload().Spec); diff != "" {
		t.Errorf("the spec (-before +rolled back while held):\n%s", diff)
	}
}

// A rollout that somebody else has paused stays paused, and none of somebody else's is
// held.
func TestSomebodyElsesPauseStays(t *testing.T) {
	w, d := managed(t, true)
	w.setWorkload(func(o *appsv1.Deployment) { o.Spec.Paused = true })
	w.awaitFlags("False RolloutUnsafe", "its rollouts are paused: resume it")
	d.plan(flagsStep(plane.GoOnRollout, found, found))
	w.awaitDecision(plane.GoOnRollout, "written") // nothing is held: nothing is to be done
	if !w.workload().Spec.Paused {
		t.Errorf("somebody else's pause was taken back")
	}
	w.setWorkload(func(o *appsv1.Deployment) { o.Spec.Paused = false })
	d.plan(flagsStep(plane.HoldRollout, found, found))
	w.awaitDecision(plane.HoldRollout, "no longer as Evenkeel left it")
	if w.workload().Spec.Paused {
		t.Errorf("a rollout was held that is not Evenkeel's")
	}
}

// A profile that goes in the middle of a rollout leaves none that hangs.
func TestNoRolloutIsLeftHeld(t *testing.T) {
	w, d := managed(t, true)
	d.plan(flagsStep(plane.SetFlags, found, raised))
	w.awaitDecision(plane.SetFlags, "written")
	d.plan(flagsStep(plane.HoldRollout, raised, raised))
	w.awaitDecision(plane.HoldRollout, "written")
	w.delete("acme")
	w.awaitGone("acme")
	if w.workload().Spec.Paused {
		t.Errorf("the profile is gone, and the rollout of its flags is still held")
	}
}
