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
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// What a step of the load to four times as much becomes of, by what is allowed and seen.
func TestScaleOut(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world, wd *wide)
		floor  int
		steps  int
		true   bool
		reason string
		says   string
	}{
		"enforced": {nil, 6, 1, true, v1alpha1.ReasonAsExpected, "the floor is to be 6 replicas: they carry what is due, and with a zone lost the others do"},
		"recommended only": {func(w *world, _ *wide) { w.profile.Scaling.Mode = plane.Recommend }, 3, 0, false, v1alpha1.ReasonRecommendOnly,
			"recommended only: the floor is to be 6 replicas"},
		"paused":  {func(w *world, _ *wide) { w.profile.Paused = true }, 3, 0, false, v1alpha1.ReasonPaused, "the floor is to be 6 replicas"},
		"no most": {func(w *world, _ *wide) { w.profile.Scaling.Max = 0 }, 3, 0, false, v1alpha1.ReasonNotBounded, "set a maximum"},
		"more are due than allowed": {func(w *world, _ *wide) { w.profile.Scaling.Max = 3 }, 3, 0, true, v1alpha1.ReasonAtMax,
			"3 replicas are allowed, and do not carry what is due"},
		"an autoscaler of somebody else's with a most of its own": {func(_ *world, wd *wide) { wd.seen.Own, wd.seen.Max = false, 3 }, 3, 0, true, v1alpha1.ReasonAtMax, "3 replicas are allowed"},
		"somebody else's floor": {func(_ *world, wd *wide) {
			wd.seen.Fault, wd.seen.Floor = &plane.Fault{Reason: v1alpha1.ReasonScalerConflict, Message: "minReplicas is gitops'"}, 0
		}, 0, 0, false, v1alpha1.ReasonScalerConflict, "minReplicas is gitops'; nothing is written; the floor is to be 6 replicas"},
		"not looked at":   {func(_ *world, wd *wide) { wd.seen = plane.ScaleSeen{} }, 0, 0, false, v1alpha1.ReasonStale, "has not been looked at yet"},
		"no autoscaler":   {func(_ *world, wd *wide) { wd.seen.Autoscaler, wd.seen.Floor = "", 0 }, 0, 0, false, v1alpha1.ReasonNotReadBack, "there is no autoscaler yet, it is being made; the floor is to be 6 replicas"},
		"without metrics": {func(_ *world, wd *wide) { wd.seen.ByMetrics = false }, 6, 1, true, v1alpha1.ReasonAsExpected, "the floor is all that moves it"},
		"a larger bound of the size": {func(w *world, _ *wide) {
			w.profile.Sizing.Bounds = map[sizing.Component]plane.SizeBounds{sizing.APIServer: {CPU: sizing.Bounds{Most: 8}}}
			w.profile.LoadLine = plane.Off
		}, 3, 0, true, v1alpha1.ReasonAsExpected, "the floor is to be 3 replicas"},
		"sizes are not enforced": {func(w *world, _ *wide) { w.profile.Sizing.Mode = plane.Recommend }, 9, 2, true, v1alpha1.ReasonAtMax, "9 replicas are allowed"},
		"nodes that never have room for more": {func(w *world, _ *wide) {
			for _, name := range []string{"kube-apiserver-0", "kube-apiserver-1", "kube-apiserver-2"} {
				w.hosted.refuses[name] = plane.ResizeInfeasible
			}
		}, 9, 2, true, v1alpha1.ReasonAsExpected, "the floor is to be 9 replicas"},
		"a slow log": {func(w *world, _ *wide) {
			well := w.members
			w.members = func(at time.Time) []plane.Member {
				all := well(at)
				all[1].Fsyncs, all[1].FsyncMean, all[1].FsyncP99 = 200, 0.03, 0.08
				return all
			}
		}, 3, 0, true, v1alpha1.ReasonEtcdIsShort, "etcd is what is short: etcd-1: fsyncs of the write-ahead log take over 20 ms"},
		"blind": {func(w *world, _ *wide) {
			w.blind[1] = &plane.Fault{Reason: v1alpha1.ReasonReplicaTimeout, Message: "no answer within 3 s"}
		}, 3, 0, true, v1alpha1.ReasonReplicaTimeout,
			"kube-apiserver-1: no answer within 3 s"},
		"a write that fails": {func(w *world, _ *wide) {
			w.refuse = &plane.Fault{Reason: v1alpha1.ReasonFieldContested, Message: "gitops owns it"}
		}, 3, 11, false, v1alpha1.ReasonFieldContested,
			"gitops owns it"},
		"the load stays on one": {func(_ *world, wd *wide) { wd.skew = 0.9 }, 3, 0, true, v1alpha1.ReasonLoadSticks,
			"kube-apiserver-0 is 221 % full and the others 17 % on average: connections stay where they are, and another replica would get nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			wd := widened(w, 120)
			w.run(time.Minute)
			if c.change != nil {
				c.change(w, wd)
			}
			wd.seats = 480
			w.run(2 * time.Minute)
			f := finding(t, w, v1alpha1.ConditionFloorInForce)
			if wd.seen.Floor != c.floor || f.True != c.true || f.Reason != c.reason || !strings.Contains(f.Message, c.says) {
				t.Errorf("floor %d, %+v, want %d, %v %s %q\n%s", wd.seen.Floor, f, c.floor, c.true, c.reason, c.says, floors(w))
			}
			if n := w.count(plane.SetFloor); n != c.steps {
				t.Errorf("%d steps, want %d:\n%s", n, c.steps, floors(w))
			}
		})
	}
}

// A resource profile that is missing, as while it is made anew, is no reason for a replica:
// the most that a pod may come to is the profile's own bound all the same.
func TestAProfileThatIsMissingRaisesNothing(t *testing.T) {
	w := newWorld()
	wd := widened(w, 120)
	w.profile.Sizing.Bounds = map[sizing.Component]plane.SizeBounds{sizing.APIServer: {CPU: sizing.Bounds{Most: 6}}}
	w.run(2 * time.Minute)
	w.hosted.fault = &plane.Fault{Reason: v1alpha1.ReasonProfileNotFound, Message: "there is no ResourceProfile standard"}
	w.run(2 * time.Minute)
	if wd.seen.Floor != 3 || w.count(plane.SetFloor) > 0 {
		t.Errorf("the floor is %d:\n%s", wd.seen.Floor, floors(w))
	}
}

// floors are the lines about the floor in a world's log.
func floors(w *world) string {
	lines := slices.DeleteFunc(strings.Split(w.log.String(), "\n"), func(l string) bool { return !strings.Contains(l, " SetFloor ") })
	return strings.Join(lines, "\n")
}

// A floor is recommended once, and again when it is another; off, nothing is told.
func TestARecommendedFloorIsShownOnce(t *testing.T) {
	w := newWorld()
	wd := widened(w, 120)
	w.profile.Scaling.Mode = plane.Recommend
	wd.seats = 480
	w.run(20 * time.Minute)
	wd.seats = 120
	w.run(40 * time.Minute)
	wd.seats = 480
	w.run(time.Minute)
	if got := strings.Count(w.log.String(), "SetFloor (shown): would raise the floor of the apiservers from 3 to 6 replicas, 1 more in each of 3 zones"); got != 2 || strings.Contains(w.log.String(), "SetFloor (done)") {
		t.Errorf("shown %d times, want twice:\n%s", got, floors(w))
	}
	w.profile.Scaling.Mode = plane.Off
	w.run(5 * time.Second)
	if f := w.finding(v1alpha1.ConditionFloorInForce); f.Condition != "" || w.plan.Scale != (plane.ScalePlan{}) {
		t.Errorf("off, and still told: %+v, %+v", f, w.plan.Scale)
	}
}

// Before there are more replicas the line is what etcd carries with as many.
func TestSeatsBeforeReplicas(t *testing.T) {
	start := func() (*world, *wide) {
		w := newWorld()
		wd := widened(w, 120)
		w.profile.SeatsMin = 0
		w.run(time.Minute)
		// 1,200 seats of all replicas together: 400 of each of 3, and 200 of each of 6.
		w.memory.Line.Budget = plane.Budget{Requests: 600, Each: 400, Phi: 0.5, Cut: w.now, Seen: w.now, Replicas: 3, Counted: w.now}
		wd.seats = 480
		return w, wd
	}
	w, wd := start()
	w.run(40 * time.Second)
	story := w.log.String()
	cut, raised := strings.Index(story, "SetBallast (done): holds every replica at 20"), strings.Index(story, "SetFloor (done)")
	if cut < 0 || raised < cut || wd.seen.Floor != 6 {
		t.Errorf("the line is cut at %d and the floor raised at %d:\n%s", cut, raised, story)
	}

	w, _ = start()
	w.refuse = &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: "the tenant refuses it"}
	w.run(40 * time.Second)
	f := finding(t, w, v1alpha1.ConditionFloorInForce)
	if f.Reason != v1alpha1.ReasonFloorHeld || !strings.Contains(f.Message, "6 replicas wait for the load line: etcd carries 20") || !strings.HasSuffix(f.Message, "the cut failed: the tenant refuses it") {
		t.Errorf("%+v", f)
	}
	if strings.Contains(w.log.String(), "SetFloor") {
		t.Errorf("the floor was raised without a cut:\n%s", floors(w))
	}

	w, wd = start()
	w.config.Taken = []string{seats.BallastName} // which nobody can cut the line by
	w.run(40 * time.Second)
	if wd.seen.Floor != 6 {
		t.Errorf("the floor is %d, and waits for a cut that never comes: %+v", wd.seen.Floor, w.finding(v1alpha1.ConditionFloorInForce))
	}

	w, wd = start()
	w.memory.Line.Budget.Requests, w.memory.Line.Budget.Each = 90, 60 // 30 of each of 6
	wd.seats, wd.perSeat = 120, 0.04
	w.run(40 * time.Second)
	f = finding(t, w, v1alpha1.ConditionFloorInForce)
	if f.Reason != v1alpha1.ReasonEtcdIsShort || wd.seen.Floor != 3 || !strings.Contains(f.Message, "seats: each of 6 replicas would have 3") {
		t.Errorf("floor %d, %+v", wd.seen.Floor, f)
	}
}

// A client that does harm is jailed, and no replica is ordered for what it asks.
func TestAnOffenderIsNoReasonForAReplica(t *testing.T) {
	for _, mode := range []plane.Mode{plane.Enforce, plane.Recommend} {
		w := newWorld()
		wd := widened(w, 120)
		w.profile.Jail = mode
		w.run(time.Minute)
		w.storming = []plane.Client{agent}
		wd.seats = 480
		w.run(10 * time.Second)
		if mode == plane.Enforce { // it is held, and what it asked for is smoothed over minutes
			wd.seats, wd.smoothed = 120, 800
			w.run(4 * time.Minute)
			w.storming = nil
			w.run(5 * time.Minute)
		}
		w.run(time.Minute)
		if strings.Contains(w.log.String(), "SetFloor") {
			t.Errorf("%s: replicas for an offender:\n%s", mode, w.log.String())
		}
		if f := finding(t, w, v1alpha1.ConditionFloorInForce); mode == plane.Recommend && (f.Reason != v1alpha1.ReasonFloorHeld || !strings.Contains(f.Message, "does harm and is not held: it would do the same on more replicas")) {
			t.Errorf("%+v", f)
		}
	}
}

// Connections that stay are told with what would help.
func TestConnectionsThatStay(t *testing.T) {
	w := newWorld()
	wd := widened(w, 30)
	wd.skew, wd.watches = 0.9, 3000
	w.run(9 * time.Minute)
	if f := finding(t, w, v1alpha1.ConditionConnectionsEven); !f.True || f.Message != "kube-apiserver-0 has 2700 of the watches, 2.7 times the mean: that may pass" {
		t.Errorf("%+v", f)
	}
	w.run(2 * time.Minute)
	if f := finding(t, w, v1alpha1.ConditionConnectionsEven); f.True || f.Reason != v1alpha1.ReasonConnectionsUneven || !strings.Contains(f.Message, ": set --goaway-chance=0.001 in the template") {
		t.Errorf("%+v", f)
	}
	wd.seen.GoAway, wd.seen.Stated = 0.001, true
	w.run(5 * time.Second)
	if f := finding(t, w, v1alpha1.ConditionConnectionsEven); f.Reason != v1alpha1.ReasonConnectionsUneven || !strings.Contains(f.Message, "the profile does not have Evenkeel do it") {
		t.Errorf("%+v", f)
	}
	w.profile.Scaling.Drain = true
	w.run(5 * time.Second)
	if f := finding(t, w, v1alpha1.ConditionConnectionsEven); f.Reason != v1alpha1.ReasonDraining || !strings.Contains(f.Message, "it is to be replaced, so that its clients choose anew") {
		t.Errorf("%+v", f)
	}
	wd.skew = 0
	w.run(5 * time.Second)
	if f := finding(t, w, v1alpha1.ConditionConnectionsEven); !f.True || f.Reason != v1alpha1.ReasonAsExpected {
		t.Errorf("%+v", f)
	}
}
