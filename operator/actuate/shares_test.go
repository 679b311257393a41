// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
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
		all[m.Manager+" "+string(m.Operation)+" "+m.Subresource] = m.FieldsV1.GetRawString()
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

// TestDivisionIsReadBack: a division is in force when every replica gives every level
// its seats, and a fault names the levels that have others.
func TestDivisionIsReadBack(t *testing.T) {
	w := newTenant(t)
	leave(t, actuate.New(w, w, owner))
	right, err := w.NominalLimits(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	wrong := maps.Clone(right)
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

// meddled lets something happen before each patch of a real client.
type meddled struct {
	client.Client
	before func(client.Object) error
}

func (m meddled) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.PatchOption) error {
	if err := m.before(o); err != nil {
		return err
	}
	return m.Client.Patch(ctx, o, p, opts...)
}

// TestADivisionThatIsOvertaken: numbers that somebody changes between the look and the
// write are not written over.
func TestADivisionThatIsOvertaken(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	step := w.protection(t, a)
	w.hold(t, "system", func(*flowcontrolv1.PriorityLevelConfiguration) {}) // put back after the test
	late := actuate.New(meddled{w.Client, func(o client.Object) error {
		if o.GetName() == "system" {
			w.change(t, "system", func(l *flowcontrolv1.PriorityLevelConfiguration) { l.Spec.Limited.LendablePercent = ptr.To[int32](7) })
		}
		return nil
	}}, w, owner)
	fails(t, late, step, v1alpha1.ReasonWriteFailed, "writing PriorityLevelConfiguration system", "tried again")
	if l := w.stateOf(t, a, "system"); l.LendablePercent != 7 || l.Original != nil {
		t.Errorf("system is %+v, want it as it was changed", l)
	}
}

// TestADivisionThatBreaksOff: what was written of it is known, is gone on with, and is
// given back. Limits come before shares, and who gives before who takes.
func TestADivisionThatBreaksOff(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	before := w.specs(t)
	must(t, a, ballast(seats.Ballast(ceiling, 245, 33)))
	step := w.protection(t, a)
	for breaksAt := range 10 {
		var written []string
		var mu sync.Mutex
		broken := actuate.New(meddled{w.Client, func(o client.Object) error {
			mu.Lock()
			defer mu.Unlock()
			if len(written) == breaksAt {
				return errors.New("the line went dead")
			}
			written = append(written, o.GetName())
			return nil
		}}, w, owner)
		fails(t, broken, step, v1alpha1.ReasonTenantUnreachable, "the line went dead")
		levels := w.read(t, a).Levels
		for _, l := range levels {
			if l.Held != nil {
				t.Errorf("after %d writes %s is held: %s", breaksAt, l.Name, l.Held.Message)
			}
		}
		if got := seats.Lasting(levels); got > 245 {
			t.Errorf("after %d writes (%v) the levels have %d shares: the line is above what the ballast is for", breaksAt, written, got)
		}
		must(t, a, plane.Step{Kind: plane.ReturnShares, Apply: true})
	}
	must(t, a, plane.Step{Kind: plane.RemoveBallast, Apply: true})
	if diff := cmp.Diff(before, w.specs(t)); diff != "" {
		t.Errorf("the tenant was not left as found (-before +after):\n%s", diff)
	}
}
