// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
	"evenkeel.dev/evenkeel/recommender/shares"
)

// TestWhateverHappens plays random stories (storms of several clients that come
// and go, replicas that fall silent, writes that fail, modes and pauses that
// change, restarts) and checks after every pass what must always hold.
func TestWhateverHappens(t *testing.T) {
	clients := []plane.Client{
		agent,
		{User: "system:serviceaccount:ci:runner", Verb: "list", Resource: "secrets"},
		{User: "system:node:n1", Verb: "list", Resource: "pods"},
		{User: "system:kube-scheduler", Verb: "list", Resource: "pods"},
		{User: agent.User, Verb: "watch", Resource: "pods"},
		{User: agent.User, Verb: "get", Resource: "nodes"},
	}
	clients = append(clients, namespaceOf("telemetry", 4)...)
	clients = append(clients, namespaceOf("kube-system", 2)...)
	modes := []plane.Mode{plane.Off, plane.Recommend, plane.Enforce}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.profile.SeatsMin = rapid.IntRange(0, 700).Draw(t, "min")
		w.profile.SeatsMax = rapid.IntRange(0, 700).Draw(t, "max")
		w.ceiling = rapid.SampledFrom([]int{20, 60, 600, 3000}).Draw(t, "ceiling")
		w.stillSlow = rapid.SampledFrom([]plane.GradeKind{"", plane.GradeSeats, plane.GradeOne, plane.GradeNone}).Draw(t, "stillSlow")
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { always(t, w) },
			"pass": func(t *rapid.T) {
				w.checkedTick(t, time.Duration(rapid.Int64Range(1, 60).Draw(t, "tenths"))*100*time.Millisecond)
			},
			"run": func(t *rapid.T) {
				for range 8 {
					w.checkedTick(t, 500*time.Millisecond)
				}
			},
			"storm": func(t *rapid.T) {
				w.storming = rapid.SliceOfNDistinct(rapid.SampledFrom(clients), 0, 6, rapid.ID).Draw(t, "clients")
			},
			"crowd": func(t *rapid.T) { w.crowd = rapid.SampledFrom([]float64{0, 3, 40, 100}).Draw(t, "crowd") },
			"process": func(t *rapid.T) {
				w.process = plane.Process{Resident: rapid.SampledFrom([]float64{0, 0.5, 0.9}).Draw(t, "resident"), MemoryLimit: 1}
			},
			"blind": func(t *rapid.T) {
				w.blind = map[int]*plane.Fault{rapid.IntRange(0, 5).Draw(t, "replica"): {Reason: "ReplicaTimeout", Message: "no answer"}}
			},
			"see":         func(*rapid.T) { w.blind, w.unreadable = map[int]*plane.Fault{}, false },
			"lose config": func(*rapid.T) { w.unreadable = true },
			"never jail": func(t *rapid.T) {
				w.profile.NeverJail = rapid.SampledFrom([][]string{nil, {namespaceOf("telemetry", 1)[0].User}}).Draw(t, "never")
			},
			"mode": func(t *rapid.T) { w.profile.Jail = rapid.SampledFrom(modes).Draw(t, "jail") },
			"line": func(t *rapid.T) { w.profile.LoadLine = rapid.SampledFrom(modes).Draw(t, "line") },
			"hand": func(t *rapid.T) {
				w.profile.Manual = nil
				if c := rapid.SampledFrom(clients).Draw(t, "client"); rapid.Bool().Draw(t, "by hand") {
					w.profile.Manual = []plane.Manual{{Client: c, Grade: plane.Grade{Kind: rapid.SampledFrom([]plane.GradeKind{plane.GradeOne, plane.GradeNone}).Draw(t, "grade")}, Reason: "a person's"}}
				}
			},
			"shares": func(t *rapid.T) { w.profile.Shares = rapid.SampledFrom(modes).Draw(t, "shares") },
			"person": func(t *rapid.T) {
				i := rapid.IntRange(0, 7).Draw(t, "level")
				if w.config.Levels[i].Suggested {
					w.config.Levels[i].Held = rapid.SampledFrom([]*plane.Fault{nil, {Reason: "HeldByPerson", Message: "held"}}).Draw(t, "held")
				}
			},
			"pause":   func(t *rapid.T) { w.profile.Paused = rapid.Bool().Draw(t, "paused") },
			"restart": func(*rapid.T) { w.memory = plane.Memory{} },
			"refuse": func(t *rapid.T) {
				w.refuse = nil
				if rapid.Bool().Draw(t, "refuse") {
					w.refuse = &plane.Fault{Reason: "WriteFailed", Message: "refused"}
				}
			},
		})
	})
}

// checkedTick is a tick whose steps are checked against what was known before.
func (w *world) checkedTick(t *rapid.T, after time.Duration) {
	blind := w.unreadable
	for i := range 3 {
		blind = blind || w.blind[i] != nil && !w.workload.isUnready(i)
	}
	grades := map[string]plane.Grade{}
	for _, s := range w.config.Sentences {
		grades[s.Name] = s.Grade
	}
	ceiling := w.ceiling
	w.tick(after)
	for _, s := range w.plan.Steps {
		if s.Reason.Code == "" || s.Reason.Message == "" {
			t.Fatalf("a step without a reason: %+v", s)
		}
		if !s.Apply {
			continue
		}
		if s.Flags != nil {
			checkFlags(t, w, s, blind, ceiling)
			continue
		}
		checkStep(t, w, s, blind, grades)
	}
}

func checkStep(t *rapid.T, w *world, s plane.Step, blind bool, grades map[string]plane.Grade) {
	switch {
	case w.profile.Paused:
		t.Fatalf("%s while paused", s.Kind)
	case s.Kind == plane.RemoveBallast && w.profile.LoadLine != plane.Enforce: // as a person asked
	case s.Kind == plane.SetBallast || s.Kind == plane.RemoveBallast:
		if blind || w.profile.LoadLine != plane.Enforce {
			t.Fatalf("%s while blind (%v) or in mode %s", s.Kind, blind, w.profile.LoadLine)
		}
	case s.Kind == plane.SetShares:
		if blind || w.profile.Shares != plane.Enforce {
			t.Fatalf("%s while blind (%v) or in mode %s", s.Kind, blind, w.profile.Shares)
		}
	case s.Kind == plane.ReturnShares && w.profile.Shares == plane.Enforce:
		t.Fatal("the shares are given back, and are to be divided")
	case s.Kind == plane.PassSentence:
		c := s.Sentence.Client
		if w.profile.Jail != plane.Enforce || offender.CannotBeJailed(offender.Verdict{Client: c}, w.profile) != "" {
			t.Fatalf("jailed %s in mode %s", c, w.profile.Jail)
		}
	case s.Kind == plane.ChangeGrade && blind:
		// Only what had been decided while it could be seen may still be written.
		if was := grades[s.Sentence.Name]; s.Reason.Code == v1alpha1.ReasonSentenceEased {
			t.Fatalf("eased from %s to %s while blind", was, s.Sentence.Grade)
		}
	}
}

// always holds after every pass.
func always(t *rapid.T, w *world) {
	active := 0
	for name, s := range w.memory.Offenders {
		if s.Name != name || s.Client.SentenceName() != name {
			t.Fatalf("sentence %q is kept under %q", s.Name, name)
		}
		if s.Active() && !s.Manual {
			active++
		}
		if s.Term > w.profile.MaxTerm {
			t.Fatalf("a term of %s, above the cap", s.Term)
		}
	}
	if active > w.profile.MaxSentences {
		t.Fatalf("%d sentences, %d are allowed", active, w.profile.MaxSentences)
	}
	if len(w.memory.Samples) > offender.Samples || len(w.memory.Offenders) > 40 {
		t.Fatalf("the memory grows: %d samples, %d offenders", len(w.memory.Samples), len(w.memory.Offenders))
	}
	conditions := map[string]bool{}
	for _, f := range w.plan.Findings {
		if f.Reason == "" || strings.TrimSpace(f.Message) == "" || conditions[f.Condition] {
			t.Fatalf("a finding without reason or message, or twice: %+v", f)
		}
		conditions[f.Condition] = true
	}
	checkLine(t, w)
	raw, err := json.Marshal(w.memory)
	if err != nil {
		t.Fatalf("the memory cannot be written down: %v", err)
	}
	var back plane.Memory
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatalf("the memory cannot be read back: %v", err)
	}
	if diff := cmp.Diff(w.memory, back, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("the memory changes on its way through JSON:\n%s", diff)
	}
}

func checkLine(t *rapid.T, w *world) {
	others := seats.Lasting(w.config.Levels)
	held := 0
	for _, l := range w.config.Levels {
		if l.Name == seats.BallastName {
			held = l.Shares
		}
	}
	// A division moves the floor: the line was drawn by the shares of before or after it.
	floor, _ := seats.Floor(w.ceiling, w.config.Levels)
	before, _ := seats.Floor(w.ceiling, shares.AsFound(w.config.Levels))
	floor = min(floor, before)
	usable := seats.Usable(w.ceiling, others, held)
	low := float64(usable) < 0.97*float64(floor)-1
	if w.misfit = w.misfit && low; w.misfit {
		return
	}
	if usable > w.ceiling || low {
		t.Fatalf("a load line of %d, ceiling %d, floor %d", usable, w.ceiling, floor)
	}
}
