// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

func TestRecommendWritesNothing(t *testing.T) {
	w := newWorld()
	w.profile.Jail, w.profile.LoadLine = plane.Recommend, plane.Recommend
	w.run(30 * time.Second)
	w.storming = []plane.Client{agent}
	w.run(time.Minute)
	if strings.Contains(w.log.String(), "(done)") {
		t.Errorf("something was written in Recommend:\n%s", w.log.String())
	}
	if got := finding(t, w, v1alpha1.ConditionOffenderFound); !got.True || got.Reason != v1alpha1.ReasonOffenderNamed {
		t.Errorf("OffenderFound = %+v, want it True with reason OffenderNamed", got)
	}
}

func TestPausedHoldsEverything(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	w.storming = []plane.Client{agent}
	w.run(10 * time.Second)
	before := w.log.Len()
	w.profile.Paused = true
	w.run(5 * time.Minute)
	if after := w.log.String()[before:]; strings.Contains(after, "(done)") {
		t.Errorf("something was written while paused:\n%s", after)
	}
	if len(w.config.Sentences) != 1 {
		t.Errorf("%d sentences are left, want the one from before the pause", len(w.config.Sentences))
	}
}

func TestBlindEasesNothing(t *testing.T) {
	for name, blind := range map[string]func(w *world){
		"a replica does not answer": func(w *world) {
			w.blind[1] = &plane.Fault{Reason: v1alpha1.ReasonReplicaTimeout, Message: "no answer within 3 s"}
		},
		"the configuration cannot be read": func(w *world) { w.unreadable = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.run(30 * time.Second)
			w.storming = []plane.Client{agent}
			w.run(10 * time.Second)
			w.storming = nil
			before := w.log.Len()
			blind(w)
			w.run(10 * time.Minute) // long past the end of the term
			if after := w.log.String()[before:]; strings.Contains(after, "(done)") {
				t.Errorf("a limit was changed while blind:\n%s", after)
			}
			if got := finding(t, w, v1alpha1.ConditionObserved); got.True {
				t.Errorf("Observed = %+v, want it False", got)
			}
			if got := finding(t, w, v1alpha1.ConditionReady); got.True {
				t.Errorf("Ready = %+v, want it False", got)
			}
		})
	}
}

func TestBlindOnOneReplicaStillJails(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	w.blind[2] = &plane.Fault{Reason: v1alpha1.ReasonReplicaTimeout, Message: "no answer within 3 s"}
	w.storming = []plane.Client{agent}
	w.run(10 * time.Second)
	if len(w.config.Sentences) != 1 {
		t.Errorf("a storm that silences one replica is not answered:\n%s", w.log.String())
	}
}

func TestBusyButHealthyIsLeftAlone(t *testing.T) {
	w := newWorld()
	w.profile.SeatsMax = 0
	w.run(30 * time.Second)
	before := w.log.Len()
	w.plan.LookCloser = true // even when somebody looks
	w.storming = []plane.Client{agent}
	w.config.Sentences = nil
	for range 20 {
		// The agent lists with 63 requests open, and nobody suffers.
		s := w.snapshot(500 * time.Millisecond)
		for i := range s.Replicas {
			s.Replicas[i].Flows = []plane.FlowLoad{{Level: "node-high", Schema: "system-node-high", Requests: 80, ExecSeconds: 80 * 0.005}}
		}
		w.tickWith(s)
	}
	if after := w.log.String()[before:]; after != "" {
		t.Errorf("a busy client that harms nobody was acted on:\n%s", after)
	}
}

func TestWhoCannotBeJailed(t *testing.T) {
	for user, why := range map[string]string{
		"system:node:n17":                               "it is a node",
		"system:kube-controller-manager":                "component of the control plane",
		"system:apiserver":                              "component of the control plane",
		"system:serviceaccount:kube-system:gc":          "kube-system",
		"alice":                                         "neverJail",
		"system:serviceaccount:kube-system-like:reader": "",
		"system:anonymous":                              "",
		"bob":                                           "",
	} {
		t.Run(user, func(t *testing.T) {
			w := newWorld()
			w.profile.NeverJail = []string{"alice"}
			w.run(30 * time.Second)
			w.storming = []plane.Client{{User: user, Verb: "list", Resource: "pods"}}
			w.run(10 * time.Second)
			log := w.log.String()
			if why == "" {
				if len(w.config.Sentences) != 1 {
					t.Errorf("not jailed:\n%s", log)
				}
				return
			}
			if len(w.config.Sentences) != 0 {
				t.Errorf("jailed:\n%s", log)
			}
			if !strings.Contains(log, "which cannot be jailed") || !strings.Contains(log, why) {
				t.Errorf("not named with the remedy %q:\n%s", why, log)
			}
		})
	}
}

func TestEvenkeelItselfIsNoOffender(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	w.storming = []plane.Client{{User: "evenkeel", Verb: "list", Resource: "flowschemas"}}
	w.run(10 * time.Second)
	if len(w.config.Sentences) != 0 {
		t.Errorf("Evenkeel jailed itself:\n%s", w.log.String())
	}
}

func TestRestartKeepsTheSentence(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	w.storming = []plane.Client{agent}
	w.run(10 * time.Second)
	before := w.config.Sentences[0]
	w.memory = plane.Memory{}
	lines := w.log.Len()
	w.run(10 * time.Second)
	if strings.Contains(w.log.String()[lines:], "PassSentence") {
		t.Errorf("a second sentence after a restart:\n%s", w.log.String()[lines:])
	}
	got := w.memory.Offenders[agent.SentenceName()]
	if !got.Until.Equal(before.Until) || got.Count != 1 || got.InForce.IsZero() {
		t.Errorf("the sentence after a restart is %+v, want the one of before, seen in force", got)
	}
	w.storming = nil
	w.run(time.Minute)
	if len(w.config.Sentences) != 0 {
		t.Error("the sentence outlived its term after a restart")
	}
}

func TestHandsThatTakeASentenceBackAreRespected(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	w.storming = []plane.Client{agent}
	w.run(10 * time.Second)
	w.config.Sentences = nil
	w.config.Levels = slices.DeleteFunc(w.config.Levels, func(l plane.Level) bool { return l.Name == agent.SentenceName() })
	w.run(30 * time.Second)
	if len(w.config.Sentences) != 0 || !strings.Contains(w.log.String(), "its sentence was deleted by hand") {
		t.Errorf("the hand was not respected:\n%s", w.log.String())
	}
}

func TestARefusedWriteIsSaidAndTriedAgain(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	w.refuse = &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: "writing FlowSchema: etcd is read-only"}
	w.storming = []plane.Client{agent}
	w.run(10 * time.Second)
	if got := finding(t, w, v1alpha1.ConditionProtected); got.True || got.Reason != v1alpha1.ReasonWriteFailed {
		t.Errorf("Protected = %+v, want it False with reason WriteFailed", got)
	}
	w.refuse = nil
	w.run(15 * time.Second)
	if len(w.config.Sentences) != 1 {
		t.Errorf("the write was not tried again:\n%s", w.log.String())
	}
}

// Requests that an administrator's own flow schema already holds get no sentence.
func TestWhoIsHeldByHandGetsNoSecondSentence(t *testing.T) {
	w := newWorld()
	w.config.Levels = append(w.config.Levels, plane.Level{Name: "quarantine", Jail: true})
	w.level = "quarantine"
	w.run(30 * time.Second)
	w.storming = []plane.Client{agent}
	w.run(30 * time.Second)
	log := w.log.String()
	if len(w.config.Sentences) != 0 || strings.Count(log, "NameOffender") != 1 || !strings.Contains(log, "which is held by hand: the flow schema service-accounts sends it to the level quarantine") {
		t.Errorf("want it named once as held by hand, and no sentence:\n%s", log)
	}
}

// A replica that is too busy to give a page still shows, by its pulse and its dump,
// that a grade is not enough.
func TestHarsherWithoutPages(t *testing.T) {
	w := newWorld()
	w.run(30 * time.Second)
	w.storming = []plane.Client{agent}
	for len(w.config.Sentences) == 0 {
		w.tick(500 * time.Millisecond)
	}
	paged := w.now
	busy := func(pulsed time.Time, seen func(plane.Replica) plane.Replica) {
		s := w.snapshot(0)
		for i, r := range s.Replicas {
			r.Observed, r.Window, r.Flows = paged, 0, nil
			r.Pulse, r.Pulsed, r.Dumped = time.Second, pulsed, w.now
			s.Replicas[i] = seen(r)
		}
		w.pass(s)
	}
	inJail := func(r plane.Replica) plane.Replica {
		r.Held = []plane.Held{{Client: agent, Level: agent.SentenceName(), Schema: agent.SentenceName(), Executing: 1, Seats: 10, Width: 10}}
		return r
	}
	for range 9 { // its requests from before run to their end for so many seconds
		w.now = w.now.Add(time.Second)
		busy(w.now, func(r plane.Replica) plane.Replica {
			r.Held = []plane.Held{{Client: agent, Level: "workload-low", Schema: "service-accounts", Executing: 5, Seats: 50, Width: 10}}
			return r
		})
	}
	drained := w.now.Add(time.Second)
	for range 2 {
		w.now = w.now.Add(time.Second)
		busy(drained.Add(-time.Millisecond), inJail)
	}
	if got, _ := w.grade(agent); got != plane.GradeOne {
		t.Fatalf("grade %s by pulses from before its requests had ended:\n%s", got, w.log.String())
	}
	w.now = w.now.Add(time.Second)
	busy(w.now, func(r plane.Replica) plane.Replica { return r })
	if got, _ := w.grade(agent); got != plane.GradeOne {
		t.Fatalf("grade %s while the client runs nothing:\n%s", got, w.log.String())
	}
	w.now = w.now.Add(time.Second)
	busy(w.now, inJail)
	if got, _ := w.grade(agent); got != plane.GradeNone {
		t.Errorf("grade %s while others suffer and the client runs in its jail:\n%s", got, w.log.String())
	}
}

func TestAFailureThatHasPassedIsNotToldForEver(t *testing.T) {
	w := newWorld()
	w.run(10 * time.Second)
	w.outcomes = []plane.Outcome{{Kind: plane.SetBallast, Written: w.now, Fault: &plane.Fault{Reason: v1alpha1.ReasonNotReadBack, Message: "one replica shows 1 seat instead of 300"}}}
	w.run(10 * time.Second)
	if got := finding(t, w, v1alpha1.ConditionLoadLineInForce); got.True || got.Reason != v1alpha1.ReasonNotReadBack {
		t.Errorf("LoadLineInForce = %+v, want it False with reason NotReadBack", got)
	}
	w.run(2 * time.Minute)
	if got := finding(t, w, v1alpha1.ConditionLoadLineInForce); !got.True {
		t.Errorf("LoadLineInForce = %+v two minutes later, want it True: every replica obeys", got)
	}
}

// A ballast that lends what it is to hold back is not in force, and is written again.
func TestABallastThatLeaksIsWrittenAgain(t *testing.T) {
	w := newWorld()
	w.run(time.Minute)
	leak := func() {
		for i := range w.config.Levels {
			w.config.Levels[i].Leaks = w.config.Levels[i].Name == seats.BallastName
		}
	}
	leak()
	before := w.log.Len()
	w.run(5 * time.Second)
	if got := w.log.String()[before:]; strings.Count(got, "SetBallast (done)") != 1 || !strings.Contains(got, "somebody has changed what the ballast lends or borrows") {
		t.Errorf("it was done:\n%s\nwant the ballast written again, and why", got)
	}
	w.run(5 * time.Second)
	if got := finding(t, w, v1alpha1.ConditionLoadLineInForce); !got.True {
		t.Errorf("LoadLineInForce = %+v, want it True: it was written again", got)
	}
	leak()
	w.profile.Paused = true
	w.run(time.Minute)
	if got := finding(t, w, v1alpha1.ConditionLoadLineInForce); got.True || got.Reason != v1alpha1.ReasonNotReadBack {
		t.Errorf("LoadLineInForce = %+v, want it False with reason NotReadBack", got)
	}
}

func TestNamesOfOthersAreNotTouched(t *testing.T) {
	w := newWorld()
	w.config.Taken = []string{seats.BallastName, agent.SentenceName()}
	w.run(30 * time.Second)
	w.storming = []plane.Client{agent}
	w.run(20 * time.Second)
	if got := finding(t, w, v1alpha1.ConditionLoadLineInForce); got.True || got.Reason != v1alpha1.ReasonNameTaken {
		t.Errorf("LoadLineInForce = %+v, want it False with reason NameTaken", got)
	}
	if strings.Contains(w.log.String(), "SetBallast (done)") || strings.Contains(w.log.String(), "PassSentence (done)") {
		t.Errorf("somebody else's object was written over:\n%s", w.log.String())
	}
}

func TestAtMostSoManySentences(t *testing.T) {
	w := newWorld()
	w.profile.MaxSentences = 1
	w.run(30 * time.Second)
	w.storming = []plane.Client{agent}
	w.run(10 * time.Second)
	w.storming = append(w.storming, plane.Client{User: "system:serviceaccount:ci:runner", Verb: "list", Resource: "secrets"})
	w.run(20 * time.Second)
	if len(w.config.Sentences) != 1 || !strings.Contains(w.log.String(), "as many as the profile allows") {
		t.Errorf("want one sentence and the second client named:\n%s", w.log.String())
	}
}

// finding is the condition of the last plan.
func finding(t *testing.T, w *world, condition string) plane.Finding {
	t.Helper()
	for _, f := range w.plan.Findings {
		if f.Condition == condition {
			if f.Reason == "" || f.Message == "" {
				t.Errorf("%s has no reason or no message: %+v", condition, f)
			}
			return f
		}
	}
	t.Fatalf("no finding for %s", condition)
	return plane.Finding{}
}
