// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// level and schema are objects as a tenant's administrator makes them.
func level(name string) *flowcontrolv1.PriorityLevelConfiguration {
	return &flowcontrolv1.PriorityLevelConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: flowcontrolv1.PriorityLevelConfigurationSpec{
			Type: flowcontrolv1.PriorityLevelEnablementLimited,
			Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{
				NominalConcurrencyShares: ptr.To[int32](7), LimitResponse: flowcontrolv1.LimitResponse{Type: flowcontrolv1.LimitResponseTypeReject},
			},
		},
	}
}

func schema(name string) *flowcontrolv1.FlowSchema {
	return &flowcontrolv1.FlowSchema{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: flowcontrolv1.FlowSchemaSpec{
			PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: "workload-low"},
			MatchingPrecedence:         9000,
		},
	}
}

// TestNamesThatAreTaken: objects of Evenkeel's names that this profile did not
// write are told and left alone, and nothing else is written either, whether the
// flow control was read only just or long ago.
func TestNamesThatAreTaken(t *testing.T) {
	passed := jail(plane.PassSentence, agent, one)
	other := schema(passed.Sentence.Name)
	other.Annotations = map[string]string{v1alpha1.OwnerAnnotation: "tenant-acme/acme/u0"}
	for _, c := range []struct {
		name   string
		theirs client.Object
		step   plane.Step
		says   string
	}{
		{"a person's flow schema", schema(passed.Sentence.Name), passed, "FlowSchema " + passed.Sentence.Name + " exists"},
		{"a flow schema of a profile that was deleted", other, passed, `"tenant-acme/acme/u0"`},
		{"a person's level", level(passed.Sentence.Name), passed, "PriorityLevelConfiguration " + passed.Sentence.Name + " exists"},
		{"a person's ballast", level(actuate.BallastName), ballast(245), actuate.BallastName},
		{"a person's own evenkeel-self", schema(actuate.SelfName), plane.Step{Kind: plane.ProtectSelf, Apply: true}, "FlowSchema " + actuate.SelfName},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTenant(t)
			w.create(t, c.theirs)
			before := w.specs(t)
			a := actuate.New(w, w, owner)
			fails(t, a, c.step, v1alpha1.ReasonNameTaken, c.says, "nothing was written")
			if config := w.read(t, a); !slices.Equal(config.Taken, []string{c.theirs.GetName()}) || len(config.Sentences) > 0 || config.SelfProtected {
				t.Errorf("the configuration is %+v, want %s taken and nothing of Evenkeel's", config, c.theirs.GetName())
			}
			fails(t, a, c.step, v1alpha1.ReasonNameTaken, c.says, "nothing was written")
			must(t, a, plane.Step{Kind: plane.Withdraw, Apply: true})
			must(t, a, end(passed))
			if diff := cmp.Diff(before, w.specs(t)); diff != "" {
				t.Errorf("something was changed (-before +after):\n%s", diff)
			}
		})
	}
}

// TestTakenAfterItWasRead: an object that appears after the flow control was read
// is noticed by the write itself.
func TestTakenAfterItWasRead(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	w.read(t, a)
	theirs := level(actuate.BallastName)
	w.create(t, theirs)
	before := w.specs(t)
	fails(t, a, ballast(245), v1alpha1.ReasonNameTaken, actuate.BallastName)
	if diff := cmp.Diff(before, w.specs(t)); diff != "" {
		t.Errorf("something was changed (-before +after):\n%s", diff)
	}
}

// TestContestedField: what somebody else has changed on Evenkeel's object is told
// by manager and field, and not forced.
func TestContestedField(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	must(t, a, ballast(100))
	w.change(t, actuate.BallastName, func(l *flowcontrolv1.PriorityLevelConfiguration) {
		l.Spec.Limited.NominalConcurrencyShares = ptr.To[int32](3)
	})
	fails(t, a, ballast(100), v1alpha1.ReasonFieldContested, "PriorityLevelConfiguration evenkeel-ballast", `"an-administrator"`, "nominalConcurrencyShares", "agree on one manager")
	for _, l := range w.read(t, a).Levels {
		if l.Name == actuate.BallastName && l.Shares != 3 {
			t.Errorf("the ballast has %d shares, want the administrator's 3", l.Shares)
		}
	}
}

// TestABallastThatLeaks: a ballast that somebody lets lend or borrow is told of, and
// written again; what is contested is named.
func TestABallastThatLeaks(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	leaks := func() bool {
		t.Helper()
		levels := w.read(t, a).Levels
		i := slices.IndexFunc(levels, func(l plane.Level) bool { return l.Name == actuate.BallastName })
		if slices.ContainsFunc(levels, func(l plane.Level) bool { return l.Leaks && l.Name != actuate.BallastName }) {
			t.Errorf("other levels are to be like the ballast: %+v", levels)
		}
		return levels[i].Leaks
	}
	must(t, a, plane.Step{Kind: plane.ProtectSelf, Apply: true})
	must(t, a, ballast(100))
	if leaks() {
		t.Error("the ballast as it was written leaks")
	}
	w.change(t, actuate.BallastName, func(l *flowcontrolv1.PriorityLevelConfiguration) { l.Spec.Limited.BorrowingLimitPercent = nil })
	if !leaks() {
		t.Error("a ballast that may borrow all there is does not leak")
	}
	must(t, a, ballast(100))
	if leaks() {
		t.Error("written again, the ballast leaks")
	}
	w.change(t, actuate.BallastName, func(l *flowcontrolv1.PriorityLevelConfiguration) { l.Spec.Limited.LendablePercent = ptr.To[int32](50) })
	if !leaks() {
		t.Error("a ballast that lends half of its seats does not leak")
	}
	fails(t, a, ballast(100), v1alpha1.ReasonFieldContested, `"an-administrator"`, "lendablePercent")
}

// change is what an administrator does with kubectl edit.
func (w *tenant) change(t *testing.T, name string, edit func(*flowcontrolv1.PriorityLevelConfiguration)) {
	t.Helper()
	var l flowcontrolv1.PriorityLevelConfiguration
	if err := w.Get(t.Context(), client.ObjectKey{Name: name}, &l); err != nil {
		t.Fatal(err)
	}
	edit(&l)
	if err := w.Update(t.Context(), &l, client.FieldOwner("an-administrator")); err != nil {
		t.Fatal(err)
	}
}

func (w *tenant) changeSchema(t *testing.T, name string, edit func(*flowcontrolv1.FlowSchema)) {
	t.Helper()
	var s flowcontrolv1.FlowSchema
	if err := w.Get(t.Context(), client.ObjectKey{Name: name}, &s); err != nil {
		t.Fatal(err)
	}
	edit(&s)
	if err := w.Update(t.Context(), &s, client.FieldOwner("an-administrator")); err != nil {
		t.Fatal(err)
	}
}

// TestSentencesThatAreNotCarriedOut: a sentence whose objects no longer do what it
// says is not believed. What is wanted is then written again: it mends what was
// deleted, and tells who changed the rest.
func TestSentencesThatAreNotCarriedOut(t *testing.T) {
	for _, c := range []struct {
		name   string
		grade  plane.Grade
		damage func(t *testing.T, w *tenant, name string)
		again  string // the fault of writing it again
		lost   bool   // the client is not known any more
	}{
		{"the level is deleted", one, func(t *testing.T, w *tenant, name string) {
			if err := w.Delete(t.Context(), level(name)); err != nil {
				t.Fatal(err)
			}
		}, "", false},
		{"the level has shares", one, func(t *testing.T, w *tenant, name string) {
			w.change(t, name, func(l *flowcontrolv1.PriorityLevelConfiguration) {
				l.Spec.Limited.NominalConcurrencyShares = ptr.To[int32](50)
			})
		}, v1alpha1.ReasonFieldContested, false},
		{"the level has none", some(4), func(t *testing.T, w *tenant, name string) {
			w.change(t, name, func(l *flowcontrolv1.PriorityLevelConfiguration) {
				l.Spec.Limited.NominalConcurrencyShares = ptr.To[int32](0)
			})
		}, v1alpha1.ReasonFieldContested, false},
		{"the level borrows", none, func(t *testing.T, w *tenant, name string) {
			w.change(t, name, func(l *flowcontrolv1.PriorityLevelConfiguration) { l.Spec.Limited.BorrowingLimitPercent = nil })
		}, "", false},
		{"the schema matches something else", one, func(t *testing.T, w *tenant, name string) {
			w.changeSchema(t, name, func(s *flowcontrolv1.FlowSchema) { s.Spec.Rules[0].ResourceRules[0].Resources = []string{"secrets"} })
		}, v1alpha1.ReasonFieldContested, false},
		{"the annotation cannot be read", one, func(t *testing.T, w *tenant, name string) {
			w.changeSchema(t, name, func(s *flowcontrolv1.FlowSchema) { s.Annotations[v1alpha1.SentenceAnnotation] = "{" })
		}, v1alpha1.ReasonFieldContested, true},
		{"the annotation is of another client", one, func(t *testing.T, w *tenant, name string) {
			w.changeSchema(t, name, func(s *flowcontrolv1.FlowSchema) {
				s.Annotations[v1alpha1.SentenceAnnotation] = `{"name":"` + name + `","client":{"User":"kubelet"},"phase":"Jailed"}`
			})
		}, v1alpha1.ReasonFieldContested, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTenant(t)
			a := actuate.New(w, w, owner)
			leave(t, a)
			passed := jail(plane.PassSentence, agent, c.grade)
			must(t, a, passed)
			if got := w.read(t, a).Sentences; len(got) != 1 || got[0].Phase != plane.PhaseJailed {
				t.Fatalf("the sentences are %+v, want one that is carried out", got)
			}
			c.damage(t, w, passed.Sentence.Name)
			client := agent
			if c.lost {
				client = plane.Client{User: passed.Sentence.Name}
			}
			got := w.read(t, a).Sentences
			if len(got) != 1 || got[0].Name != passed.Sentence.Name || got[0].Phase != plane.PhaseReleased || got[0].Client != client {
				t.Errorf("the sentences are %+v, want one of %s that is Released", got, client)
			}
			again := passed
			again.Kind = plane.ChangeGrade
			if c.again != "" {
				fails(t, a, again, c.again, "an-administrator")
			} else {
				must(t, a, again)
				if got := w.read(t, a).Sentences; len(got) != 1 || got[0].Phase != plane.PhaseJailed {
					t.Errorf("written again, the sentences are %+v", got)
				}
			}
			must(t, a, end(passed))
			if got := w.read(t, a); len(got.Sentences) > 0 || slices.ContainsFunc(got.Levels, func(l plane.Level) bool { return l.Own }) {
				t.Errorf("after its end the configuration is %+v", got)
			}
		})
	}
}

// TestAnotherUserIsProtectedAnew: credentials renewed under another name need a
// schema that matches it.
func TestAnotherUserIsProtectedAnew(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	must(t, a, plane.Step{Kind: plane.ProtectSelf, Apply: true})
	renamed := owner
	renamed.Self = "evenkeel-2"
	b := actuate.New(w, w, renamed)
	if w.read(t, b).SelfProtected {
		t.Error("the schema of the user evenkeel is taken for one that protects evenkeel-2")
	}
	must(t, b, plane.Step{Kind: plane.ProtectSelf, Apply: true})
	if !w.read(t, b).SelfProtected {
		t.Error("evenkeel-2 is not protected after ProtectSelf")
	}
}

// TestLeaveAsFoundTakesOnlyItsOwn: objects of a person and of another profile in
// the same tenant stay.
func TestLeaveAsFoundTakesOnlyItsOwn(t *testing.T) {
	w := newTenant(t)
	theirs := owner
	theirs.UID = "u2"
	b := actuate.New(w, w, theirs)
	leave(t, b)
	must(t, b, jail(plane.PassSentence, plane.Client{User: "jane", Verb: "list", Resource: "pods"}, one))
	labeled := level("a-persons")
	labeled.Labels = map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy}
	w.create(t, labeled, schema("evenkeel-jail-of-a-person"))
	before := w.specs(t)
	a := actuate.New(w, w, owner)
	must(t, a, plane.Step{Kind: plane.ProtectSelf, Apply: true})
	must(t, a, ballast(245))
	must(t, a, jail(plane.PassSentence, agent, one))
	if err := a.LeaveAsFound(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.specs(t)); diff != "" {
		t.Errorf("others' objects were touched, or own ones left (-before +after):\n%s", diff)
	}
	if err := a.LeaveAsFound(t.Context()); err != nil {
		t.Errorf("leaving again: %v", err)
	}
}

// TestLeaveAsFoundSeesThatItIsGone: an object that somebody's finalizer keeps is
// told, with the finalizer.
func TestLeaveAsFoundSeesThatItIsGone(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	must(t, a, ballast(10))
	keep := func(finalizers ...string) {
		w.change(t, actuate.BallastName, func(l *flowcontrolv1.PriorityLevelConfiguration) { l.Finalizers = finalizers })
	}
	keep("example.com/keep")
	err := a.LeaveAsFound(t.Context())
	const want = "deleted, but still there: PriorityLevelConfiguration evenkeel-ballast (kept by the finalizers example.com/keep)"
	if err == nil || err.Error() != want {
		t.Errorf("leaving what is kept: %v, want %s", err, want)
	}
	fails(t, a, plane.Step{Kind: plane.Withdraw, Apply: true}, v1alpha1.ReasonWriteFailed, want)
	keep()
}

// TestLeaveAsFoundOrder: what lets Evenkeel act goes last, schemas go before their
// levels.
func TestLeaveAsFoundOrder(t *testing.T) {
	w := newTenant(t)
	all := actuate.New(w, w, owner)
	leave(t, all)
	passed := jail(plane.PassSentence, agent, one)
	must(t, all, plane.Step{Kind: plane.ProtectSelf, Apply: true})
	must(t, all, ballast(245))
	must(t, all, passed)
	var deleted []string
	watched := w.watched(t, func(o client.Object) {
		kind := "level "
		if _, ok := o.(*flowcontrolv1.FlowSchema); ok {
			kind = "schema "
		}
		deleted = append(deleted, kind+o.GetName())
	})
	if err := actuate.New(watched, w, owner).LeaveAsFound(t.Context()); err != nil {
		t.Fatal(err)
	}
	jailed := passed.Sentence.Name
	want := []string{"schema " + jailed, "level " + jailed, "level evenkeel-ballast", "schema evenkeel-self", "level evenkeel-self"}
	if diff := cmp.Diff(want, deleted); diff != "" {
		t.Errorf("deleted in the order (-want +was):\n%s", diff)
	}
}

// TestReplacedMeanwhile: an object that took the place of Evenkeel's between the
// look and the deletion is not deleted.
func TestReplacedMeanwhile(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	must(t, a, ballast(10))
	theirs := level(actuate.BallastName)
	replaced := w.watched(t, func(client.Object) {
		if err := w.Delete(t.Context(), level(actuate.BallastName)); err != nil {
			t.Fatal(err)
		}
		w.create(t, theirs)
	})
	o := actuate.New(replaced, w, owner).Apply(t.Context(), plane.Step{Kind: plane.RemoveBallast, Apply: true}, replicas, time.Now)
	wantFault(t, o.Fault, v1alpha1.ReasonWriteFailed, "deleting PriorityLevelConfiguration evenkeel-ballast", "is tried again")
	if err := w.Get(t.Context(), client.ObjectKeyFromObject(theirs), theirs); err != nil {
		t.Errorf("the object that took its place: %v", err)
	}
}
