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

// crammed is a tenant whose replicas could carry far more than its flags allow, some
// minutes before that is known for sure.
func crammed() *world {
	w := newWorld()
	w.ceiling, w.knee, w.profile.SeatsMin, w.profile.SeatsMax = 60, 1000, 0, 0
	w.profile.Jail = plane.Off // nobody looks closer: the stories are long
	managed(w)
	w.crowd = 3
	w.run(5 * time.Minute)
	w.crowd = 500
	w.run(time.Minute)
	return w
}

func (w *world) flags(t *testing.T) (state, message string) {
	t.Helper()
	f := finding(t, w, v1alpha1.ConditionFlagsManaged)
	switch {
	case f.Unknown:
		return "Unknown " + f.Reason, f.Message
	case f.True:
		return "True " + f.Reason, f.Message
	default:
		return "False " + f.Reason, f.Message
	}
}

// When the flags are raised, and what keeps them from being raised.
func TestFlagsAreRaisedInCalmAlone(t *testing.T) {
	original := plane.FlagsFor(60)
	for _, c := range []struct {
		name  string
		given func(w *world)
		to    int // the template's sum in the end
		state string
		says  string
	}{
		{"it is asked for", nil, 90, "Unknown RollingOut", "not every replica has been seen to run with --max-requests-inflight=60 with --max-mutating-requests-inflight=30 yet"},
		{"it is not asked for", func(w *world) { w.profile.ManageFlags = false }, 60, "False Off", "to whoever owns the workload"},
		{"only recommended", func(w *world) { w.profile.LoadLine = plane.Recommend }, 60, "False RecommendOnly", ""},
		{"only recommended, and it could not be done", func(w *world) {
			w.profile.LoadLine = plane.Recommend
			w.workload.Fault = &plane.Fault{Reason: v1alpha1.ReasonRolloutUnsafe, Message: "its strategy is Recreate"}
		}, 60, "False RecommendOnly", "As it is they could not be: its strategy is Recreate"},
		{"etcd is a member short", func(w *world) {
			w.members = func(at time.Time) []plane.Member {
				return []plane.Member{{Name: "etcd-0", Ready: true, Observed: at, HasLeader: true, IsLeader: true, Leader: 1, Term: 1}, {Name: "etcd-1", Ready: true, Observed: at, HasLeader: true, Leader: 1, Term: 1}, {Name: "etcd-2"}}
			}
		}, 60, "True AsExpected", "The next step waits: etcd is not well: "},
		{"no load line", func(w *world) { w.profile.LoadLine = plane.Off }, 60, "False Off", "has switched the load line off"},
		{"paused", func(w *world) { w.profile.Paused = true }, 60, "False Paused", ""},
		{"nobody waits", func(w *world) { w.crowd = 20 }, 60, "True AsExpected", "may be raised where they hold the tenant back"},
		{"less room below the bound", func(w *world) { w.profile.SeatsMax = 70 }, 70, "Unknown RollingOut", ""},
		{"no room below the bound", func(w *world) { w.profile.SeatsMax = 60 }, 60, "True AsExpected", "The next step waits: the profile's seats.max of 60 is reached"},
		{"a line below the ceiling", func(w *world) { w.profile.SeatsMax = 50 }, 60, "True AsExpected", ""},
		{"blind", func(w *world) { w.blind[2] = &plane.Fault{Reason: v1alpha1.ReasonReplicaTimeout, Message: "no answer"} }, 60, "True AsExpected", ""},
		{"a replica is not ready", func(w *world) { w.workload.unready = map[int]bool{1: true} }, 60, "True AsExpected", "a rollout is under way"},
		{"somebody else's rollout", func(w *world) { w.workload.Rolling, w.workload.began = true, w.now.Add(time.Hour) }, 60, "True AsExpected", "a rollout is under way"},
		{"a memory near its limit", func(w *world) { w.process = plane.Process{Resident: 0.9, MemoryLimit: 1} }, 60, "True AsExpected", ""},
		{"a sentence by hand", func(w *world) {
			w.profile.Jail = plane.Enforce
			w.profile.Manual = []plane.Manual{{Client: agent, Grade: plane.Grade{Kind: plane.GradeOne}, Reason: "a person's"}}
		}, 60, "True AsExpected", "The next step waits: a sentence is in force"},
		{"a template that may not be written", func(w *world) {
			w.workload.Fault = &plane.Fault{Reason: v1alpha1.ReasonRolloutUnsafe, Message: "its strategy is Recreate"}
		}, 60, "False RolloutUnsafe", "its strategy is Recreate"},
		{"flags that are set elsewhere", func(w *world) { w.workload.Flags = plane.FlagsFor(600) }, 600, "False FlagsElsewhere", "they are set elsewhere, in a script or a file"},
		{"written, and changed by somebody", func(w *world) {
			w.workload.Written = &plane.WrittenFlags{Original: plane.FlagsFor(40), Before: original, Flags: plane.FlagsFor(90), At: w.now}
			w.workload.Writer = "helm"
		}, 60, "False FieldContested", "written by helm after Evenkeel had written --max-requests-inflight=60"},
		{"rolled back half an hour ago", func(w *world) {
			w.workload.Written = &plane.WrittenFlags{Original: original, Before: plane.FlagsFor(90), Flags: original, At: w.now.Add(-30 * time.Minute), Back: true}
		}, 60, "False FlagsRolledBack", "not raised again before 14:38:00"},
		{"rolled back more than an hour ago", func(w *world) {
			w.workload.Written = &plane.WrittenFlags{Original: original, Before: plane.FlagsFor(90), Flags: original, At: w.now.Add(-time.Hour), Back: true}
		}, 90, "Unknown RollingOut", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := crammed()
			if w.workload.writes != 0 {
				t.Fatalf("flags are written at once:\n%s", w.log.String())
			}
			if c.given != nil {
				c.given(w)
			}
			w.run(3*time.Minute + 30*time.Second)
			if got := w.workload.Flags.Ceiling(); got != c.to {
				t.Errorf("the flags add up to %d, want %d:\n%s", got, c.to, w.log.String())
			}
			state, says := w.flags(t)
			if state != c.state || !strings.Contains(says, c.says) {
				t.Errorf("FlagsManaged is %s %q, want %s and %q in it", state, says, c.state, c.says)
			}
			// Ready tells of what is not as the profile wants it, and of nothing else.
			ready := finding(t, w, v1alpha1.ConditionReady)
			if fault := strings.HasPrefix(c.state, "False"); !w.profile.ManageFlags && !ready.True || fault && w.profile.ManageFlags && w.profile.LoadLine == plane.Enforce && !w.profile.Paused && ready.True {
				t.Errorf("Ready = %+v while FlagsManaged is %s", ready, state)
			}
		})
	}
}

// The next step comes when every replica runs with the one before, and its ceiling has
// been too low for as long again.
func TestTheNextStepWaitsForTheOneBefore(t *testing.T) {
	w := crammed()
	w.run(3 * time.Minute)
	if w.workload.writes != 1 || !w.workload.Rolling {
		t.Fatalf("%d writes:\n%s", w.workload.writes, w.log.String())
	}
	w.run(4 * time.Minute) // the rollout has ended, held after each replica
	if state, says := w.flags(t); state != "True AsExpected" || !strings.Contains(says, "before Evenkeel they were --max-requests-inflight=40 with") {
		t.Errorf("FlagsManaged is %s %q", state, says)
	}
	w.run(time.Minute)
	if w.workload.writes != 1 {
		t.Errorf("a second step at once:\n%s", w.log.String())
	}
	w.run(3 * time.Minute)
	if w.workload.writes != 2 || w.workload.Flags.Ceiling() != 135 || w.workload.Written.Original.Ceiling() != 60 {
		t.Errorf("%d writes, flags %s:\n%s", w.workload.writes, w.workload.Flags, w.log.String())
	}
}

// A rollout that hangs and a replica that does not come up are taken back once, also by
// an operator that has just started, and not tried again for an hour.
func TestARolloutThatFailsIsRolledBackOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		given func(w *world)
		after time.Duration
		says  string
	}{
		{"it hangs", func(w *world) { w.workload.stuck = true }, 11 * time.Minute, "has not ended within 10m0s"},
		{"it hangs, and the operator restarts", func(w *world) {
			w.workload.stuck = true
			w.run(9 * time.Minute)
			w.memory = plane.Memory{}
		}, 2 * time.Minute, "has not ended within 10m0s"},
		{"a replica is not ready", func(w *world) {
			w.run(2 * time.Minute)
			w.workload.unready = map[int]bool{0: true}
		}, 4 * time.Minute, "kube-apiserver-0 has not been ready for 3m"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := crammed()
			for w.workload.writes == 0 {
				w.run(5 * time.Second)
			}
			c.given(w)
			w.run(c.after)
			if w.workload.writes != 2 || w.workload.Flags.Ceiling() != 60 || !strings.Contains(w.log.String(), c.says) {
				t.Fatalf("%d writes, flags %s, want the first ones back because it %q:\n%s", w.workload.writes, w.workload.Flags, c.says, w.log.String())
			}
			if state, says := w.flags(t); state != "False FlagsRolledBack" {
				t.Errorf("FlagsManaged is %s %q", state, says)
			}
			w.workload.unready, w.workload.stuck = nil, false
			w.run(50 * time.Minute)
			if w.workload.writes != 2 {
				t.Errorf("tried again within an hour:\n%s", w.log.String())
			}
			w.run(20 * time.Minute)
			if w.workload.writes < 3 {
				t.Errorf("not tried again after an hour:\n%s", w.log.String())
			}
		})
	}
}

// What is not the new flags' doing is not taken back: a replica that fails long after,
// one of a rollout of somebody else's, one of the template before that is slow to end.
func TestOtherTroubleIsNotRolledBack(t *testing.T) {
	for name, given := range map[string]func(w *world){
		"long after":                           func(w *world) { w.run(30 * time.Minute); w.workload.unready = map[int]bool{0: true} },
		"somebody else's rollout":              func(w *world) { w.workload.Ours, w.workload.stuck = false, true },
		"a replica of before that ends slowly": func(w *world) { w.workload.stuck, w.workload.unready = true, map[int]bool{2: true} },
		"paused":                               func(w *world) { w.workload.stuck, w.profile.Paused = true, true },
		"no longer managed":                    func(w *world) { w.workload.stuck, w.profile.ManageFlags = true, false },
	} {
		t.Run(name, func(t *testing.T) {
			w := crammed()
			for w.workload.writes == 0 {
				w.run(5 * time.Second)
			}
			w.crowd = 3
			given(w)
			w.run(5 * time.Minute)
			if name != "a replica of before that ends slowly" { // at last a rollout that hangs is one
				w.run(20 * time.Minute)
			}
			if strings.Contains(w.log.String(), string(plane.ReturnFlags)) {
				t.Errorf("rolled back:\n%s", w.log.String())
			}
		})
	}
}

// Somebody who writes template and annotations as a whole is noticed all the same, and
// a person may take the annotation off to begin anew.
func TestWhoWritesTheFlagsBackIsNotFought(t *testing.T) {
	w := crammed()
	w.run(10 * time.Minute)
	writes := w.workload.writes
	w.workload.Written, w.workload.Flags, w.workload.Rolling, w.ceiling = nil, plane.FlagsFor(60), false, 60
	w.run(20 * time.Minute)
	if state, says := w.flags(t); state != "False FieldContested" || !strings.Contains(says, "set apiServer.flags to Observe and back") {
		t.Errorf("FlagsManaged is %s %q", state, says)
	}
	if w.workload.writes != writes {
		t.Errorf("written again:\n%s", w.log.String())
	}
	w.profile.ManageFlags = false
	w.run(10 * time.Second)
	w.profile.ManageFlags = true
	w.run(3 * time.Minute)
	if w.workload.writes != writes+1 {
		t.Errorf("%d writes, want one more than %d:\n%s", w.workload.writes, writes, w.log.String())
	}

	w.run(5 * time.Minute)
	w.workload.Flags, w.workload.Rolling, w.ceiling = plane.FlagsFor(60), false, 60
	w.run(5 * time.Minute)
	if state, _ := w.flags(t); state != "False FieldContested" {
		t.Errorf("FlagsManaged is %s", state)
	}
	w.workload.Written = nil
	w.run(10 * time.Second)
	if state, says := w.flags(t); state != "Unknown RollingOut" && state != "True AsExpected" {
		t.Errorf("with the annotation gone FlagsManaged is %s %q", state, says)
	}
}

// In Recommend the step is shown once. A write that fails is told and tried again.
func TestFlagsAreShownOnceAndFailuresTold(t *testing.T) {
	w := crammed()
	w.profile.LoadLine = plane.Recommend
	w.run(20 * time.Minute)
	if n := strings.Count(w.log.String(), "SetFlags (shown): would set --max-requests-inflight=60"); n != 1 {
		t.Errorf("shown %d times, want once:\n%s", n, w.log.String())
	}
	w = crammed()
	w.run(time.Minute)
	w.refuse = &plane.Fault{Reason: v1alpha1.ReasonAccessDenied, Message: "may not patch"}
	w.run(5 * time.Minute)
	if state, says := w.flags(t); state != "False AccessDenied" || says != "may not patch" {
		t.Errorf("FlagsManaged is %s %q", state, says)
	}
	if n := strings.Count(w.log.String(), "SetFlags (done)"); n < 2 || n > 5 {
		t.Errorf("tried %d times in five minutes, want once a minute:\n%s", n, w.log.String())
	}
}
