// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

var (
	found  = plane.Flags{Reading: 200, Mutating: 100} // as newWorld makes them
	raised = plane.Flags{Reading: 300, Mutating: 150}
)

func manage(cpp *v1alpha1.ControlPlaneProfile) {
	enforce(cpp)
	cpp.Spec.APIServer.Flags = v1alpha1.FlagsManage
}

// flagsStep is a step as the recommender decides it.
func flagsStep(kind plane.StepKind, from, to plane.Flags) plane.Step {
	return plane.Step{Kind: kind, Apply: true, Flags: &plane.FlagsChange{From: from, To: to}, Reason: plane.Reason{
		Code: v1alpha1.ReasonFlagsRaised, Message: fmt.Sprintf("%s to %s", kind, to), Evidence: []string{"requests have waited"},
	}}
}

// managed is a world whose flags are managed: two replicas at rest, the right to patch
// them, and an operator that carries out the steps that it is given.
func managed(t *testing.T, granted bool) (*world, *recorded) {
	t.Helper()
	w, d := newWorld(t), &recorded{}
	w.decide = d.decide
	w.setWorkload(func(o *appsv1.Deployment) { o.Spec.Replicas = new(int32(2)) })
	w.settleWorkload()
	if granted {
		if err := apply(t.Context(), w, "tenant-namespace-flags/patch-workload.yaml", "tenant-acme", w.ns); err != nil {
			t.Fatal(err)
		}
	}
	w.profile("acme", manage)
	w.start()
	w.awaitFlags("True AsExpected", "has --max-requests-inflight=200 with --max-mutating-requests-inflight=100")
	return w, d
}

func (w *world) workload() *appsv1.Deployment {
	w.t.Helper()
	o := &appsv1.Deployment{}
	if err := w.Get(w.t.Context(), client.ObjectKey{Namespace: w.ns, Name: "kube-apiserver"}, o); err != nil {
		w.t.Fatal(err)
	}
	return o
}

// setWorkload changes the Deployment as its owner does, whose field manager is helm.
func (w *world) setWorkload(change func(o *appsv1.Deployment)) {
	w.t.Helper()
	o := w.workload()
	before := o.DeepCopy()
	change(o)
	if err := w.Patch(w.t.Context(), o, client.StrategicMergeFrom(before), client.FieldOwner("helm")); err != nil {
		w.t.Fatal(err)
	}
}

// settleWorkload has the Deployment at rest, as its controller would say.
func (w *world) settleWorkload() {
	w.t.Helper()
	o := w.workload()
	o.Status = appsv1.DeploymentStatus{ObservedGeneration: o.Generation, Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 2, AvailableReplicas: 2}
	if err := w.Status().Update(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
}

// rollOut puts pods of the present template in the place of the others.
func (w *world) rollOut() {
	w.t.Helper()
	spec := w.workload().Spec.Template.Spec
	spec.NodeName = "node-a"
	for i := range 2 {
		name := fmt.Sprintf("kube-apiserver-5d4f-%d", i)
		if err := w.Delete(w.t.Context(), &corev1.Pod{ObjectMeta: w.named(name)}, client.GracePeriodSeconds(0)); err != nil {
			w.t.Fatal(err)
		}
		w.pod("kube-apiserver", name, fmt.Sprintf("127.77.0.%d", i+1), spec)
	}
	w.settleWorkload()
}

func (w *world) awaitFlags(want, says string) {
	w.t.Helper()
	w.await(func() string {
		c := meta.FindStatusCondition(w.seen("acme").Status.Conditions, v1alpha1.ConditionFlagsManaged)
		if c == nil || string(c.Status)+" "+c.Reason != want || !strings.Contains(c.Message, says) {
			return fmt.Sprintf("FlagsManaged is %+v, want %s and %q in it", c, want, says)
		}
		return ""
	})
}

// awaitDecision waits for what became of the last step of a kind.
func (w *world) awaitDecision(kind plane.StepKind, outcome string) {
	w.t.Helper()
	w.await(func() string {
		for _, d := range w.seen("acme").Status.Decisions {
			if d.Step == string(kind) && strings.Contains(d.Outcome, outcome) {
				return ""
			}
		}
		return fmt.Sprintf("the decisions are %+v, want %s with outcome %q", w.seen("acme").Status.Decisions, kind, outcome)
	})
}

// The template is changed once and in nothing but the two values; it is in force when
// every replica runs with them; and it stays when the profile goes.
func TestFlagsAreWrittenAndReadBack(t *testing.T) {
	w, d := managed(t, true)
	before := w.workload()
	d.plan(flagsStep(plane.SetFlags, found, raised))
	w.awaitFlags("Unknown RollingOut", "not every replica has been seen to run with --max-requests-inflight=300 with --max-mutating-requests-inflight=150 yet")
	w.awaitDecision(plane.SetFlags, "written")
	after := w.workload()
	want := before.Spec.DeepCopy()
	want.Template.Spec.Containers[0].Args = []string{"--max-requests-inflight=300", "--max-mutating-requests-inflight", "150"}
	if diff := cmp.Diff(*want, after.Spec); diff != "" || after.Generation != before.Generation+1 {
		t.Errorf("generation %d after %d, the spec (-want +got):\n%s", after.Generation, before.Generation, diff)
	}
	if kept := after.Annotations[v1alpha1.OriginalAnnotation]; !strings.Contains(kept, `"original":{"max-requests-inflight":"200","max-mutating-requests-inflight":"100"}`) {
		t.Errorf("the annotation is %q", kept)
	}
	if !slices.ContainsFunc(after.ManagedFields, func(e metav1.ManagedFieldsEntry) bool { return e.Manager == v1alpha1.FieldManager }) {
		t.Errorf("the managers are %+v", after.ManagedFields)
	}
	// Decided once more by an old look, and while it rolls out: it stays as it is.
	d.plan(flagsStep(plane.SetFlags, found, raised))
	w.awaitDecision(plane.SetFlags, "they are --max-requests-inflight=300")
	d.plan(flagsStep(plane.SetFlags, raised, plane.FlagsFor(600)))
	w.awaitDecision(plane.SetFlags, "a rollout is under way")
	if got := w.workload(); got.Generation != after.Generation {
		t.Errorf("written again: %v", got.Spec.Template.Spec.Containers[0].Args)
	}
	w.rollOut()
	w.awaitMore("looks", 3, w.tenant.count(func(f *tenant) int { return f.looks }))
	w.ahead.Store(int64(2 * time.Minute)) // what failed is told for a minute after the look that learns of it
	w.awaitFlags("True AsExpected", "before Evenkeel they were --max-requests-inflight=200")

	w.delete("acme")
	w.awaitGone("acme")
	if got := w.workload(); got.Generation != after.Generation || got.Annotations[v1alpha1.OriginalAnnotation] == "" {
		t.Errorf("with the profile gone: generation %d, annotations %v; want all as it was", got.Generation, got.Annotations)
	}
	w.await(func() string {
		if all := strings.Join(w.events(), "\n"); !strings.Contains(all, "Normal|FlagsKept|Keep|the inflight flags of Deployment kube-apiserver stay at --max-requests-inflight=300") {
			return "no event tells that the flags stay: " + all
		}
		return ""
	})
}

// A rollout that is taken back leaves the template as it was to the last word.
func TestFlagsAreRolledBackAsTheyWere(t *testing.T) {
	w, d := managed(t, true)
	w.setWorkload(func(o *appsv1.Deployment) {
		o.Spec.Template.Spec.Containers[0].Args = []string{"--v=2", "--max-requests-inflight", "200"} // the other is by default 200
	})
	w.rollOut()
	before := w.workload()
	from := plane.Flags{Reading: 200, Mutating: 200}
	w.awaitFlags("True AsExpected", from.String())
	d.plan(flagsStep(plane.SetFlags, from, raised))
	w.awaitDecision(plane.SetFlags, "written")
	if args := w.workload().Spec.Template.Spec.Containers[0].Args; !slices.Equal(args, []string{"--v=2", "--max-requests-inflight", "300", "--max-mutating-requests-inflight=150"}) {
		t.Errorf("the arguments are %q", args)
	}
	d.plan(flagsStep(plane.ReturnFlags, raised, from))
	w.awaitDecision(plane.ReturnFlags, "written")
	if diff := cmp.Diff(before.Spec, w.workload().Spec); diff != "" {
		t.Errorf("the spec (-before +rolled back):\n%s", diff)
	}
	w.awaitFlags("False FlagsRolledBack", "not raised again before")
	d.plan(flagsStep(plane.ReturnFlags, from, raised))
	w.awaitDecision(plane.ReturnFlags, "is not what they were before")
}

// Whoever writes the flags back is named and not fought.
func TestWhoWritesTheFlagsBackIsNamed(t *testing.T) {
	w, d := managed(t, true)
	d.plan(flagsStep(plane.SetFlags, found, raised))
	w.awaitDecision(plane.SetFlags, "written")
	w.rollOut()
	w.awaitFlags("True AsExpected", raised.String())
	w.setWorkload(func(o *appsv1.Deployment) {
		o.Spec.Template.Spec.Containers[0].Args = []string{"--max-requests-inflight=200", "--max-mutating-requests-inflight=100"}
	})
	w.rollOut()
	w.awaitFlags("False FieldContested", "written by helm after Evenkeel had written --max-requests-inflight=300")
	d.plan(flagsStep(plane.SetFlags, found, raised))
	w.awaitDecision(plane.SetFlags, "somebody else has written them since")
	if told := w.awaitReady("acme", "False FieldContested"); !strings.Contains(told, "remove its annotation "+v1alpha1.OriginalAnnotation) {
		t.Errorf("Ready says %q", told)
	}
}

// What makes a write unsafe is told before anything is decided, and refused if it is
// decided all the same.
func TestFlagsThatMustNotBeWritten(t *testing.T) {
	for name, c := range map[string]struct {
		given        func(o *appsv1.Deployment)
		state, tells string
	}{
		"Recreate": {func(o *appsv1.Deployment) {
			o.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
		}, "False RolloutUnsafe", "set strategy.type to RollingUpdate"},
		"one replica": {func(o *appsv1.Deployment) { o.Spec.Replicas = new(int32(1)) }, "False RolloutUnsafe", "it is to have 1 replicas"},
		"no arguments": {func(o *appsv1.Deployment) { o.Spec.Template.Spec.Containers[0].Args = nil },
			"False FlagsElsewhere", "it has no flags among its arguments"},
		"another container": {func(o *appsv1.Deployment) { o.Spec.Template.Spec.Containers[0].Name = "apiserver" },
			"False TargetInvalid", "no container named kube-apiserver"},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := managed(t, true)
			w.setWorkload(c.given)
			w.settleWorkload()
			w.awaitFlags(c.state, c.tells)
			generation := w.workload().Generation
			d.plan(flagsStep(plane.SetFlags, found, raised))
			w.awaitDecision(plane.SetFlags, c.tells)
			if got := w.workload(); got.Generation != generation {
				t.Errorf("written all the same: %q", got.Spec.Template.Spec.Containers[0].Args)
			}
		})
	}
}

// Without the right to patch the workload a person is told what to grant. In Observe
// the workload is not even read.
func TestFlagsNeedARightOfTheirOwn(t *testing.T) {
	w, d := managed(t, false)
	w.ungranted = true
	d.plan(flagsStep(plane.SetFlags, found, raised))
	w.awaitFlags("False AccessDenied", "apply manifests/tenant-namespace-flags in namespace "+w.ns)
	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.Flags = v1alpha1.FlagsObserve })
	w.awaitFlags("False Off", "leaves the inflight flags to whoever owns the workload")
	w.awaitReady("acme", "True AsExpected")
}
