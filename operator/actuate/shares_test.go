// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
	"evenkeel.dev/evenkeel/recommender/shares"
)

const autoupdate = flowcontrolv1.AutoUpdateAnnotationKey

func portions(levels ...plane.LevelShares) plane.Step {
	return plane.Step{Kind: plane.SetShares, Apply: true, Shares: levels}
}

// protection is the division that is decided for what the tenant has, beside a ballast.
func (w *tenant) protection(t *testing.T, a *actuate.Actuator) plane.Step {
	t.Helper()
	return portions(shares.Protect(shares.Input{Levels: w.read(t, a).Levels, Ceiling: ceiling})...)
}

func (w *tenant) get(t *testing.T, name string) *flowcontrolv1.PriorityLevelConfiguration {
	t.Helper()
	var l flowcontrolv1.PriorityLevelConfiguration
	if err := w.Get(t.Context(), client.ObjectKey{Name: name}, &l); err != nil {
		t.Fatal(err)
	}
	return &l
}

// stateOf is a level as it is read for a decision.
func (w *tenant) stateOf(t *testing.T, a *actuate.Actuator, name string) plane.Level {
	t.Helper()
	levels := w.read(t, a).Levels
	return levels[slices.IndexFunc(levels, func(l plane.Level) bool { return l.Name == name })]
}

// managers are who manages which fields of a level, without the times.
func managers(l *flowcontrolv1.PriorityLevelConfiguration) map[string]string {
	all := map[string]string{}
	for _, m := range l.ManagedFields {
		all[m.Manager+" "+string(m.Operation)+" "+m.Subresource] = string(m.FieldsV1.Raw)
	}
	return all
}

// TestDivision writes floors beside a deep ballast and the limits of lending and
// borrowing, and sees the server give them; withdrawal returns all, field by field.
func TestDivision(t *testing.T) {
	for name, kind := range map[string]plane.StepKind{"the shares alone": plane.ReturnShares, "everything": plane.Withdraw} {
		t.Run(name, func(t *testing.T) {
			w := newTenant(t)
			a := actuate.New(w, w, owner)
			leave(t, a)
			before, managed := w.specs(t), map[string]map[string]string{}
			for _, name := range shares.Suggested() {
				managed[name] = managers(w.get(t, name))
			}
			must(t, a, ballast(seats.Ballast(ceiling, 245, 33)))
			step := w.protection(t, a)
			must(t, a, step)
			limits, err := w.NominalLimits(t.Context(), "r")
			if err != nil {
				t.Fatal(err)
			}
			for _, need := range shares.Needs() {
				if limits[need.Level] < need.Seats {
					t.Errorf("the server gives %s %d seats, want %d at least", need.Level, limits[need.Level], need.Seats)
				}
			}
			if usable := ceiling - limits[actuate.BallastName]; usable != 33 {
				t.Errorf("the server leaves %d seats usable, want 33 as before the division", usable)
			}
			w.wantWritten(t, a, step)
			must(t, a, step) // again: nothing is left to write
			must(t, a, plane.Step{Kind: kind, Apply: true})
			must(t, a, plane.Step{Kind: plane.RemoveBallast, Apply: true})
			if diff := cmp.Diff(before, w.specs(t)); diff != "" {
				t.Errorf("the tenant was not left as found (-before +after):\n%s", diff)
			}
			for _, name := range shares.Suggested() {
				if diff := cmp.Diff(managed[name], managers(w.get(t, name))); diff != "" {
					t.Errorf("the fields of %s have other managers (-before +after):\n%s", name, diff)
				}
			}
		})
	}
}

// wantWritten compares the levels with what was to be written, and what is kept.
func (w *tenant) wantWritten(t *testing.T, a *actuate.Actuator, step plane.Step) {
	t.Helper()
	for _, l := range step.Shares {
		got := w.stateOf(t, a, l.Name)
		if got.Portion() != l.Portion || got.Held != nil || got.Own {
			t.Errorf("%s is %+v, want %+v", l.Name, got, l.Portion)
		}
		if l.Portion == l.Had {
			continue
		}
		if got.Original == nil || *got.Original != l.Had {
			t.Errorf("%s is said to have had %+v, want %+v", l.Name, got.Original, l.Had)
		}
		if v := w.get(t, l.Name).Annotations[autoupdate]; v != "false" {
			t.Errorf("%s has %s %q: the apiserver will write its own numbers back", l.Name, autoupdate, v)
		}
	}
}

// TestOthersAreNotTouched: neither catch-all and exempt nor a tenant's own level takes
// part, whatever is decided.
func TestOthersAreNotTouched(t *testing.T) {
	w := newTenant(t)
	w.create(t, level("batch"))
	a := actuate.New(w, w, owner)
	leave(t, a)
	before := w.specs(t)
	must(t, a, w.protection(t, a))
	after := w.specs(t)
	for _, name := range []string{"catch-all", "exempt", "batch"} {
		if diff := cmp.Diff(before["level "+name], after["level "+name]); diff != "" {
			t.Errorf("%s was changed (-before +after):\n%s", name, diff)
		}
		if l := w.stateOf(t, a, name); l.Suggested || l.Original != nil || l.Held != nil {
			t.Errorf("%s is read as %+v", name, l)
		}
	}
}

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
		if err := w.Update(ctx, l); err != nil {
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
// more, the apiserver is asked for its own numbers, and nothing of the profile stays.
func TestWhatCannotBeReadIsTheServersAgain(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	w.hold(t, "system", func(*flowcontrolv1.PriorityLevelConfiguration) {}) // put back after the test
	must(t, a, w.protection(t, a))
	w.change(t, "system", func(l *flowcontrolv1.PriorityLevelConfiguration) { l.Annotations[v1alpha1.OriginalAnnotation] = "{" })
	l := w.stateOf(t, a, "system")
	wantFault(t, l.Held, v1alpha1.ReasonFieldContested, v1alpha1.OriginalAnnotation)
	must(t, a, plane.Step{Kind: plane.Withdraw, Apply: true})
	if got, want := w.get(t, "system").Annotations, map[string]string{autoupdate: "true"}; !cmp.Equal(want, got) {
		t.Errorf("the annotations are %v, want %v", got, want)
	}
}

// TestDivisionIsReadBack: a division is in force when every replica gives every level
// its seats, and a fault names the levels that have others.
func TestDivisionIsReadBack(t *testing.T) {
	w := newTenant(t)
	leave(t, actuate.New(w, w, owner))
	right, err := w.NominalLimits(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	wrong := map[string]int{}
	for level, n := range right {
		wrong[level] = n
	}
	wrong["node-high"], wrong["system"] = 5, 6
	l := &told{replicas: map[string]shown{"a": {seats: right}, "b": {seats: wrong}}, looks: map[string]int{}}
	a := actuate.New(w, l, owner)
	two := []plane.Replica{{Name: "a", Ready: true, Ceiling: ceiling}, {Name: "b", Ready: true, Ceiling: ceiling}}
	o := a.Apply(t.Context(), w.protection(t, a), two, time.Now)
	wantFault(t, o.Fault, v1alpha1.ReasonNotReadBack, "b gives node-high 5 seats instead of 98, gives system 6 seats instead of 74")
	if o.Name != plane.SharesName || o.Written.IsZero() || !o.InForce.IsZero() {
		t.Errorf("the outcome is %+v", o)
	}
}
