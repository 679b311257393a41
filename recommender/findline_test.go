// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// crowded is a tenant without bounds that has seen calm times.
func crowded() *world {
	w := newWorld()
	w.profile.SeatsMin, w.profile.SeatsMax = 0, 0
	w.crowd = 3
	w.run(5 * time.Minute)
	return w
}

// Many small clients that are too many together, none of them an offender: the line
// is cut to where they are served in time, with the reason, and nobody is jailed.
func TestACrowdIsHeldByTheLine(t *testing.T) {
	w := crowded()
	if got := w.usable(); got != 600 {
		t.Fatalf("in calm times the line is %d, want the ceiling:\n%s", got, w.log.String())
	}
	w.crowd = 590
	w.run(10 * time.Minute)
	floor, _ := seats.Floor(w.ceiling, w.config.Levels)
	if got := w.usable(); got > 150 || got < floor-2 {
		t.Errorf("the line is %d, the floor %d:\n%s", got, floor, w.log.String())
	}
	said := w.log.String()
	if !strings.Contains(said, "SetBallast (done)") || !strings.Contains(said, "times their calm mean") || strings.Contains(said, "PassSentence") {
		t.Errorf("the decisions are\n%s", said)
	}
	if got := finding(t, w, v1alpha1.ConditionLoadLineInForce); !got.True || !strings.Contains(got.Message, "seats are usable on each of 3 replicas: ") {
		t.Errorf("LoadLineInForce = %+v", got)
	}
}

// While requests are late or a move is judged the pages are read twice as often, also
// where nobody is ever jailed; in calm times they are not.
func TestTheLineIsFollowedSooner(t *testing.T) {
	w := crowded()
	w.profile.Jail = plane.Off
	w.run(time.Minute)
	if w.plan.LookSooner {
		t.Error("it looks sooner in calm times")
	}
	w.crowd = 590
	w.run(15 * time.Second)
	if !w.plan.LookSooner || w.plan.LookCloser {
		t.Errorf("sooner %v, closer %v while requests are late", w.plan.LookSooner, w.plan.LookCloser)
	}
	w.profile.LoadLine = plane.Off
	w.run(5 * time.Second)
	if w.plan.LookSooner {
		t.Error("it looks sooner without a line")
	}
}

// In Recommend the line is shown and not written, and not again for every window.
func TestALineIsRecommendedOnce(t *testing.T) {
	w := newWorld()
	w.profile.SeatsMin, w.profile.SeatsMax = 0, 0
	w.profile.LoadLine, w.profile.Jail = plane.Recommend, plane.Recommend
	w.crowd = 3
	w.run(5 * time.Minute)
	w.crowd = 590
	w.run(10 * time.Minute)
	if said := w.log.String(); strings.Contains(said, "(done)") || strings.Count(said, "SetBallast (shown): would hold") != 1 {
		t.Errorf("the decisions are\n%s", said)
	}
}

// An operator that starts anew goes on from the line that it finds.
func TestARestartKeepsTheLine(t *testing.T) {
	w := crowded()
	w.crowd = 590
	w.run(10 * time.Minute)
	before, lines := w.usable(), w.log.Len()
	w.memory = plane.Memory{}
	w.run(time.Minute)
	if after := w.usable(); after != before {
		t.Errorf("the line goes from %d to %d by a restart:\n%s", before, after, w.log.String()[lines:])
	}
}

// While blind the line stays, whatever the load was a moment ago.
func TestBlindHoldsTheLine(t *testing.T) {
	w := crowded()
	w.crowd = 590
	w.run(8 * time.Second)
	w.blind[1] = &plane.Fault{Reason: v1alpha1.ReasonReplicaTimeout, Message: "no answer within 3 s"}
	w.run(10 * time.Minute)
	if got := w.usable(); got != 600 {
		t.Errorf("the line is %d after ten minutes of blindness:\n%s", got, w.log.String())
	}
}

// Memory near its limit lowers the line, once.
func TestMemoryNearItsLimitLowersTheLine(t *testing.T) {
	w := crowded()
	w.crowd, w.knee = 300, 300
	w.process = plane.Process{Resident: 0.9e9, MemoryLimit: 1e9}
	lines := w.log.Len()
	w.run(5 * time.Minute)
	said := w.log.String()[lines:]
	if strings.Count(said, "SetBallast (done)") != 1 || !strings.Contains(said, "uses 90 % of the memory that it may") {
		t.Errorf("the decisions are\n%s", said)
	}
}

// Where seats are short at the ceiling although requests are quick, it is the flags
// that hold the tenant back, and somebody is told which to set.
func TestTheCeilingIsNamedWhenItHoldsTheTenantBack(t *testing.T) {
	w := newWorld()
	w.ceiling, w.knee, w.profile.SeatsMin, w.profile.SeatsMax = 60, 100, 0, 0
	w.crowd = 3
	w.run(5 * time.Minute)
	if got := finding(t, w, v1alpha1.ConditionCeilingReached); got.True {
		t.Errorf("in calm times CeilingReached = %+v", got)
	}
	w.crowd = 70
	w.run(10 * time.Minute)
	got := finding(t, w, v1alpha1.ConditionCeilingReached)
	if !got.True || !strings.Contains(got.Message, "--max-requests-inflight=60 with --max-mutating-requests-inflight=30") {
		t.Errorf("CeilingReached = %+v", got)
	}
}

// A line that only the profile's bound has kept down follows the bound.
func TestTheLineFollowsItsBound(t *testing.T) {
	w := newWorld()
	for _, most := range []int{100, 150, 80, 0} {
		w.profile.SeatsMax = most
		w.run(time.Minute)
		want := most
		if most == 0 {
			want = 600
		}
		if got := w.usable(); got > want || got < want-3 {
			t.Errorf("the line is %d where the profile allows %d:\n%s", got, want, w.log.String())
		}
	}
}

// Where the line is not to be enforced any more, and clients still are, the seats are
// given back.
func TestSeatsAreGivenBackWithTheMode(t *testing.T) {
	for _, mode := range []plane.Mode{plane.Off, plane.Recommend} {
		w := newWorld()
		w.run(time.Minute)
		if got := w.usable(); got > 300 {
			t.Fatalf("the line is %d", got)
		}
		w.profile.LoadLine = mode
		w.run(10 * time.Second)
		if got := w.usable(); got != 600 || strings.Count(w.log.String(), "RemoveBallast (done): gave every seat back") != 1 {
			t.Errorf("%s: the line is %d:\n%s", mode, got, w.log.String())
		}
	}
}
