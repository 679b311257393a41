// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// hold gives a level numbers of a person's for the time of the test.
func (w *tenant) hold(t *testing.T, name string, change func(*flowcontrolv1.PriorityLevelConfiguration)) {
	t.Helper()
	found := w.get(t, name)
	w.change(t, name, change)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		l := found.DeepCopy()
		var now flowcontrolv1.PriorityLevelConfiguration
		if err := w.Get(ctx, client.ObjectKey{Name: name}, &now); client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
		l.ResourceVersion = now.ResourceVersion
		if err := w.Update(ctx, l, client.FieldOwner("api-priority-and-fairness-config-producer-v1")); err != nil {
			t.Error(err)
		}
	})
}

// TestALevelThatAPersonHolds: a level whose automatic update a person has switched off
// is theirs; it is said, and a write that comes too late is refused.
func TestALevelThatAPersonHolds(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	late := w.protection(t, a)
	w.hold(t, "node-high", func(l *flowcontrolv1.PriorityLevelConfiguration) {
		l.Annotations[autoupdate] = "false"
		l.Spec.Limited.NominalConcurrencyShares = ptr.To[int32](44)
	})
	before := w.get(t, "node-high")
	fails(t, a, late, v1alpha1.ReasonHeldByPerson, "PriorityLevelConfiguration node-high is held by a person", autoupdate, `set that to "true"`)
	l := w.stateOf(t, a, "node-high")
	wantFault(t, l.Held, v1alpha1.ReasonHeldByPerson, "node-high")
	step := w.protection(t, a)
	if slices.ContainsFunc(step.Shares, func(l plane.LevelShares) bool { return l.Name == "node-high" }) {
		t.Fatalf("node-high takes part: %+v", step.Shares)
	}
	must(t, a, step)
	must(t, a, plane.Step{Kind: plane.Withdraw, Apply: true})
	if diff := cmp.Diff(before, w.get(t, "node-high")); diff != "" {
		t.Errorf("the person's level was changed (-before +after):\n%s", diff)
	}
}

// TestALevelThatAPersonChanges: numbers that were changed after they were written are
// respected, by the next division and by the withdrawal.
func TestALevelThatAPersonChanges(t *testing.T) {
	for name, change := range map[string]func(*flowcontrolv1.PriorityLevelConfiguration){
		"the shares": func(l *flowcontrolv1.PriorityLevelConfiguration) {
			l.Spec.Limited.NominalConcurrencyShares = ptr.To[int32](77)
		},
		"what it lends": func(l *flowcontrolv1.PriorityLevelConfiguration) { l.Spec.Limited.LendablePercent = ptr.To[int32](5) },
		"what it borrows": func(l *flowcontrolv1.PriorityLevelConfiguration) {
			l.Spec.Limited.BorrowingLimitPercent = ptr.To[int32](5)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTenant(t)
			a := actuate.New(w, w, owner)
			leave(t, a)
			step := w.protection(t, a)
			w.hold(t, "system", func(*flowcontrolv1.PriorityLevelConfiguration) {}) // put back after the test
			must(t, a, step)
			w.change(t, "system", change)
			theirs := w.get(t, "system").Spec
			fails(t, a, step, v1alpha1.ReasonFieldContested, "PriorityLevelConfiguration system was changed by somebody else", v1alpha1.OriginalAnnotation)
			l := w.stateOf(t, a, "system")
			wantFault(t, l.Held, v1alpha1.ReasonFieldContested, "left alone")
			must(t, a, plane.Step{Kind: plane.Withdraw, Apply: true})
			after := w.get(t, "system")
			if diff := cmp.Diff(theirs, after.Spec); diff != "" {
				t.Errorf("the person's numbers were changed (-theirs +after):\n%s", diff)
			}
			for key := range after.Annotations {
				if strings.HasPrefix(key, "evenkeel.dev/") {
					t.Errorf("the annotation %s is left", key)
				}
			}
			if after.Annotations[autoupdate] != "false" {
				t.Error("the apiserver would write over the person's numbers")
			}
		})
	}
}

// TestALevelOfAnotherProfile: two profiles do not take turns.
func TestALevelOfAnotherProfile(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	other := owner
	other.Name, other.UID = "other", "u2"
	b := actuate.New(w, w, other)
	must(t, a, w.protection(t, a))
	before := w.specs(t)
	l := w.stateOf(t, b, "system")
	wantFault(t, l.Held, v1alpha1.ReasonNameTaken, "divided by another profile", owner.String())
	fails(t, b, portions(plane.LevelShares{Name: "system", Portion: plane.Portion{Shares: 31}}), v1alpha1.ReasonNameTaken, "divided by another profile")
	must(t, b, plane.Step{Kind: plane.Withdraw, Apply: true})
	if diff := cmp.Diff(before, w.specs(t)); diff != "" {
		t.Errorf("the other profile changed something (-before +after):\n%s", diff)
	}
}

// TestWhatCannotBeReadIsTheServersAgain: where what a level had is not readable any
// more, or nothing that the API takes, the apiserver is asked for its own numbers, and
// nothing of the profile stays.
func TestWhatCannotBeReadIsTheServersAgain(t *testing.T) {
	for name, mangle := range map[string]func(string) string{
		"unreadable": func(string) string { return "{" },
		"impossible": func(was string) string {
			return strings.Replace(was, `"lendablePercent":33`, `"lendablePercent":1000`, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTenant(t)
			a := actuate.New(w, w, owner)
			leave(t, a)
			w.hold(t, "system", func(*flowcontrolv1.PriorityLevelConfiguration) {}) // put back after the test
			must(t, a, w.protection(t, a))
			w.change(t, "system", func(l *flowcontrolv1.PriorityLevelConfiguration) {
				was := l.Annotations[v1alpha1.OriginalAnnotation]
				if l.Annotations[v1alpha1.OriginalAnnotation] = mangle(was); mangle(was) == was {
					t.Fatalf("%s has not changed", was)
				}
			})
			if name == "unreadable" {
				wantFault(t, w.stateOf(t, a, "system").Held, v1alpha1.ReasonFieldContested, v1alpha1.OriginalAnnotation)
			}
			must(t, a, plane.Step{Kind: plane.Withdraw, Apply: true})
			if got, want := w.get(t, "system").Annotations, map[string]string{autoupdate: "true"}; !cmp.Equal(want, got) {
				t.Errorf("the annotations are %v, want %v", got, want)
			}
		})
	}
}
