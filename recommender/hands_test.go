// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

func byHand(c plane.Client, until time.Time) []plane.Manual {
	return []plane.Manual{{Client: c, Grade: plane.Grade{Kind: plane.GradeOne}, Until: until, Reason: "ticket 7"}}
}

func TestASentenceOfTheProfileIsCarriedOutAsItStands(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	w.profile.Manual = byHand(agent, time.Time{})
	w.storming = []plane.Client{agent}
	w.stillSlow = plane.GradeOne // others suffer on: it is not made harder
	w.run(10 * time.Second)
	w.memory = plane.Memory{} // a restart neither ends it nor passes another
	w.run(20 * time.Minute)
	if got, ok := w.grade(agent); !ok || got != plane.GradeOne {
		t.Errorf("the sentence is %q, %v", got, ok)
	}
	if n := strings.Count(w.log.String(), "PassSentence"); n != 1 || strings.Contains(w.log.String(), "ChangeGrade") {
		t.Errorf("want one sentence, never changed:\n%s", w.log.String())
	}
	if !strings.Contains(w.log.String(), "ticket 7") {
		t.Error("the reason is not shown")
	}
	w.profile.Manual = nil
	w.stillSlow, w.storming = "", nil
	w.run(10 * time.Second)
	if len(w.config.Sentences) != 0 || !strings.Contains(w.log.String(), "taken out of the profile") {
		t.Errorf("it was not lifted:\n%s", w.log.String())
	}
}

func TestASentenceOfTheProfileEndsWhenItSays(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	until := w.now.Add(time.Minute)
	w.profile.Manual = byHand(agent, until)
	w.run(59 * time.Second)
	if len(w.config.Sentences) != 1 {
		t.Errorf("it did not last:\n%s", w.log.String())
	}
	w.run(10 * time.Second)
	if len(w.config.Sentences) != 0 || !strings.Contains(w.log.String(), "the end that the profile gives its sentence has come") {
		t.Errorf("it outlived its end:\n%s", w.log.String())
	}
}

func TestASentenceOfTheProfileTakesThePlaceOfAnAutomaticOne(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	w.storming = []plane.Client{agent}
	w.run(10 * time.Second)
	w.profile.Manual = []plane.Manual{{Client: agent, Grade: plane.Grade{Kind: plane.GradeNone}, Reason: "for good"}}
	w.run(10 * time.Second)
	if got, _ := w.grade(agent); len(w.config.Sentences) != 1 || got != plane.GradeNone || !w.config.Sentences[0].Manual {
		t.Errorf("the sentences are %+v, want the profile's alone", w.config.Sentences)
	}
}

func TestSentencesOfTheProfileThatAreNotCarriedOut(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(w *world)
		says string
	}{
		"Recommend shows it": {func(w *world) { w.profile.Jail = plane.Recommend; w.profile.Manual = byHand(agent, time.Time{}) }, "would jail " + agent.User},
		"a protected user": {func(w *world) {
			w.profile.NeverJail = []string{agent.User}
			w.profile.Manual = byHand(agent, time.Time{})
		}, "refused the profile's sentence"},
		"a namespace with one of them": {func(w *world) {
			w.profile.NeverJail = []string{agent.User}
			w.profile.Manual = byHand(plane.Client{User: plane.Group("telemetry"), Verb: "list", Resource: "pods"}, time.Time{})
		}, "refused the profile's sentence"},
		"a name that is taken": {func(w *world) {
			w.config.Taken = []string{agent.SentenceName()}
			w.profile.Manual = byHand(agent, time.Time{})
		}, "an object named " + agent.SentenceName()},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			c.set(w)
			w.run(time.Minute)
			if len(w.config.Sentences) != 0 || strings.Count(w.log.String(), c.says) != 1 {
				t.Errorf("want no sentence, and once %q:\n%s", c.says, w.log.String())
			}
			if got := finding(t, w, v1alpha1.ConditionOffenderFound); !got.True || !strings.Contains(got.Message, c.says) {
				t.Errorf("OffenderFound = %+v, want it to say %q", got, c.says)
			}
		})
	}
}

func TestPausedHoldsSentencesOfTheProfileToo(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	w.profile.Manual = byHand(agent, time.Time{})
	w.run(10 * time.Second)
	w.profile.Paused, w.profile.Manual = true, nil
	w.run(time.Minute)
	if len(w.config.Sentences) != 1 {
		t.Error("a sentence was lifted while paused")
	}
}

func TestWhoComesToBeProtectedIsReleased(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	w.storming = []plane.Client{agent}
	w.run(10 * time.Second)
	w.profile.NeverJail = []string{agent.User}
	w.run(10 * time.Second)
	if len(w.config.Sentences) != 0 || !strings.Contains(w.log.String(), "released "+agent.String()+": the profile's neverJail names it") {
		t.Errorf("want it released with the reason:\n%s", w.log.String())
	}
}
