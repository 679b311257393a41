// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"slices"
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// play runs for a while and counts what is ordered, by kind and, for a defragmentation, by
// member. No history is compacted that is not five minutes old.
func (w *etcdWorld) play(t *testing.T, length time.Duration) map[string]int {
	t.Helper()
	ordered := map[string]int{}
	for end := w.now.Add(length); w.now.Before(end); {
		w.tick(5 * time.Second)
		for _, s := range w.ordered {
			ordered[string(s.Kind)]++
			if s.Etcd != nil && s.Etcd.Member != "" {
				ordered[s.Etcd.Member]++
			}
			if s.Kind == plane.Compact && s.Etcd.Revision > w.revisionAt(w.now.Add(-historyStays)) {
				t.Errorf("at %s the history is compacted up to %d, which was not there five minutes ago", clock(w.now), s.Etcd.Revision)
			}
		}
	}
	if w.unwanted > 0 || w.doubled > 0 {
		t.Errorf("a defragmentation under way was not wanted in %d looks, and %d began beside it", w.unwanted, w.doubled)
	}
	return ordered
}

// revisionAt is what the store had then; 0 where that was before the first look.
func (w *etcdWorld) revisionAt(at time.Time) int64 {
	for _, r := range slices.Backward(w.revisions) {
		if !r.At.After(at) {
			return r.Number
		}
	}
	return 0
}

// A defragmentation that takes longer than a look stays wanted until its end is known, and
// what is done about it is nobody's fault, whatever the profile allows meanwhile.
func TestADefragmentationStaysWanted(t *testing.T) {
	for name, change := range map[string]func(p *plane.Profile){
		"enforced":    func(*plane.Profile) {},
		"paused":      func(p *plane.Profile) { p.Paused = true },
		"recommended": func(p *plane.Profile) { p.Care.Mode = plane.Recommend },
		"off":         func(p *plane.Profile) { p.Care.Mode = plane.Off },
	} {
		w := newEtcdWorld()
		w.takes = 90 * time.Second
		half(w)
		w.tick(5 * time.Second)
		if w.running == nil || w.running.member != "etcd-1" {
			t.Fatalf("%s: under way is %+v", name, w.running)
		}
		change(&w.profile)
		looks, run, under := 0, w.running, w.memory.Disturb.State.Under.Step
		for ; ; looks++ {
			if w.tick(5 * time.Second); w.running != run {
				break
			}
			if len(w.last.disruptive) != 1 || w.last.disruptive[0].step != under || !w.last.disruptive[0].do.Apply {
				t.Fatalf("%s: after %d looks wanted is %+v", name, looks, w.last.disruptive)
			}
			if waits := "the defragmentation of etcd-1, which is under way"; w.last.careWaits != waits {
				t.Errorf("%s: it waits for %q", name, w.last.careWaits)
			}
			if f := w.last.etcdHealthy(); !f.Unknown || f.Message != "etcd-1 is being defragmented, and answers nobody meanwhile" {
				t.Errorf("%s: EtcdHealthy is %s: %s", name, status(f), f.Message)
			}
		}
		if looks != 17 || w.last.memory.Care.UnderWay() != "" || slices.ContainsFunc(w.last.disruptive, func(one want) bool { return one.step.Pod == "etcd-1" }) {
			t.Errorf("%s: after %d looks it is over, and wanted is %+v", name, looks, w.last.disruptive)
		}
		if said := w.log.String(); strings.Contains(said, "does not answer") {
			t.Errorf("%s: said %s", name, said)
		}
	}
}

// On the way out of the alarm of no space nobody is told that there is none.
func TestNoSpaceIsLedOutOf(t *testing.T) {
	w := newEtcdWorld()
	w.takes = time.Minute
	w.play(t, 6*time.Minute)
	w.full(900 * mebi)
	got := w.play(t, 6*time.Minute)
	if got["Compact"] != 1 || got["etcd-0"] != 1 || got["etcd-1"] != 1 || got["etcd-2"] != 1 || got["MoveLeader"] != 1 || got["Disarm"] != 1 || w.alarmed() {
		t.Errorf("ordered %v\n%s", got, w.log.String())
	}
	if said := w.log.String(); strings.Contains(said, "cannot lead etcd out") || strings.Contains(said, "does not answer") {
		t.Errorf("said %s", said)
	}
}

// Together with the real plan a defragmentation that takes minutes, in which the pod stays
// ready and the member answers nothing, also for longer than anybody waits for it, is nothing
// that has got worse: all three have their turn, and the alarm is taken back.
func TestThePlanWaitsForADefragmentation(t *testing.T) {
	for _, takes := range []time.Duration{5 * time.Second, 90 * time.Second, givesUp - 10*time.Second, givesUp + 40*time.Second} {
		for name, begin := range map[string]func(w *etcdWorld){
			"fragmented": half,
			"no space":   func(w *etcdWorld) { w.full(900 * mebi) },
		} {
			w := newEtcdWorld()
			w.planned, w.takes = true, takes
			w.play(t, 6*time.Minute)
			begin(w)
			got := w.play(t, 20*time.Minute)
			if got["etcd-0"] != 1 || got["etcd-1"] != 1 || got["etcd-2"] != 1 || got["MoveLeader"] != 1 || w.alarmed() || strings.Contains(w.log.String(), "StopSteps") {
				t.Errorf("%s, each takes %s: ordered %v\n%s", name, takes, got, w.log.String())
			}
		}
	}
}

// What does not fit is told once and at once. The history is compacted once more when what
// had to be left of it is old enough, and then every hour, as long as something is deleted.
func TestNoSpaceThatDoesNotFit(t *testing.T) {
	for deletes, rounds := range map[int64]int{60: 5, 0: 2} {
		w := newEtcdWorld()
		w.deletes = deletes
		w.play(t, 6*time.Minute)
		w.full(20 * mebi)
		first := w.play(t, 4*time.Minute)
		said := "what is in use does not fit after its history was compacted"
		if strings.Count(w.log.String(), said) != 1 {
			t.Errorf("with %d deletions a minute: said %s", deletes, w.log.String())
		}
		got := w.play(t, 3*time.Hour+30*time.Minute)
		for _, member := range []string{"etcd-0", "etcd-1", "etcd-2"} {
			if n := first[member] + got[member]; n != rounds {
				t.Errorf("with %d deletions a minute: %s was defragmented %d times, want %d", deletes, member, n, rounds)
			}
		}
		if n := first["Compact"] + got["Compact"]; n != rounds || got["Disarm"] != 0 || strings.Count(w.log.String(), said) != 1 {
			t.Errorf("with %d deletions a minute: ordered %v and then %v\n%s", deletes, first, got, w.log.String())
		}
	}
}

// What expires during the alarm brings room when it is compacted.
func TestWhatExpiresBringsRoom(t *testing.T) {
	w := newEtcdWorld()
	w.expires = 5 * mebi
	w.play(t, 6*time.Minute)
	w.full(20 * mebi)
	if got := w.play(t, 30*time.Minute); got["Disarm"] != 0 {
		t.Fatalf("ordered %v\n%s", got, w.log.String())
	}
	if got := w.play(t, time.Hour); got["Compact"] != 1 || got["Disarm"] != 1 || w.alarmed() {
		t.Errorf("ordered %v\n%s", got, w.log.String())
	}
}

// A defragmentation that takes longer than anybody waits counts all the same, and no member
// is defragmented twice.
func TestADefragmentationThatOutlivesItsBound(t *testing.T) {
	w := newEtcdWorld()
	w.takes = givesUp + 40*time.Second
	w.play(t, 6*time.Minute)
	w.full(900 * mebi)
	got := w.play(t, 20*time.Minute)
	if got["etcd-0"] != 1 || got["etcd-1"] != 1 || got["etcd-2"] != 1 || got["Disarm"] != 1 || w.alarmed() {
		t.Errorf("ordered %v\n%s", got, w.log.String())
	}
	// The same where nothing was air: it is not begun anew each minute.
	w = newEtcdWorld()
	w.takes, w.deletes = givesUp+40*time.Second, 0
	w.play(t, 6*time.Minute)
	w.full(20 * mebi)
	if got := w.play(t, 2*time.Hour); got["Defragment"] != 6 { // two rounds
		t.Errorf("ordered %v\n%s", got, w.log.String())
	}
}

// Where a person has raised the quota, on one member after the other, the alarm is all that
// is left to be taken back.
func TestTheQuotaIsRaised(t *testing.T) {
	w := newEtcdWorld()
	w.play(t, 6*time.Minute)
	w.full(20 * mebi)
	w.play(t, 15*time.Minute)
	for i := range w.members {
		m := &w.members[i]
		m.UID, m.Quota = m.UID+"-anew", 2*m.Quota
	}
	got := w.play(t, time.Minute)
	if len(got) != 1 || got["Disarm"] != 1 || w.alarmed() {
		t.Errorf("ordered %v\n%s", got, w.log.String())
	}
}

// A member that has room, as after a defragmentation by hand, does not have to be defragmented
// for the alarm to be taken back.
func TestAMemberThatHasRoom(t *testing.T) {
	w := newEtcdWorld()
	w.play(t, 6*time.Minute)
	w.full(900 * mebi)
	w.members[2].DBSize, w.members[2].DBInUse = 1800*mebi, 1750*mebi
	got := w.play(t, 65*time.Second) // no longer: what is air then is another matter
	if got["etcd-0"] != 1 || got["etcd-1"] != 1 || got["etcd-2"] != 0 || got["Disarm"] != 1 || w.alarmed() {
		t.Errorf("ordered %v\n%s", got, w.log.String())
	}
}

// What was ordered for an alarm that is over says nothing of the next.
func TestACompactionOfAnAlarmBefore(t *testing.T) {
	w := newEtcdWorld()
	w.play(t, 6*time.Minute)
	w.full(900 * mebi)
	w.tick(5 * time.Second)
	if len(w.ordered) != 1 || w.ordered[0].Kind != plane.Compact {
		t.Fatalf("ordered %+v", w.ordered)
	}
	late := w.outcomes
	w.outcomes = nil
	w.all(func(m *plane.Member) { m.Alarms, m.DBSize = nil, 1000*mebi }) // by a person
	w.tick(5 * time.Second)
	w.outcomes = late
	w.tick(5 * time.Second)
	w.full(900 * mebi)
	w.tick(5 * time.Second)
	if len(w.ordered) != 1 || w.ordered[0].Kind != plane.Compact {
		t.Errorf("with the next alarm %+v was ordered, want a compaction; waits for %q", w.ordered, w.last.careWaits)
	}
	// Nor does it while the one of this alarm was refused because of it.
	refused := plane.Outcome{Kind: plane.Compact, Name: w.ordered[0].About(), Fault: fault(v1alpha1.ReasonStepsWait)}
	w.outcomes = append([]plane.Outcome{refused}, late...)
	w.tick(5 * time.Second)
	if !w.last.memory.Care.Compacted.IsZero() || !strings.Contains(w.last.careWaits, "the compaction to be tried again") {
		t.Errorf("taken for done at %s, waits for %q", clock(w.last.memory.Care.Compacted), w.last.careWaits)
	}
}

// What has failed is told, and tried again after half a minute.
func TestWhatFailsOfTheWayOut(t *testing.T) {
	for kind, full := range map[plane.StepKind]func(m *plane.Member){
		plane.Compact: func(*plane.Member) {},
		plane.Disarm:  func(m *plane.Member) { m.DBSize = m.Quota / 2 },
	} {
		w := newEtcdWorld()
		w.play(t, 6*time.Minute)
		w.full(900 * mebi)
		w.all(full)
		w.tick(5 * time.Second)
		if len(w.ordered) != 1 || w.ordered[0].Kind != kind {
			t.Fatalf("%s: ordered %+v", kind, w.ordered)
		}
		w.outcomes = []plane.Outcome{{Kind: kind, Name: w.ordered[0].About(), Fault: &plane.Fault{Reason: v1alpha1.ReasonStepsWait, Message: "not done: something else is being done"}}}
		w.all(func(m *plane.Member) { m.Alarms = []string{noSpace} }) // it was not done
		w.tick(5 * time.Second)
		if len(w.ordered) != 0 || !strings.Contains(w.last.careWaits, "again: not done: something else is being done") {
			t.Errorf("%s: ordered %+v, waits for %q", kind, w.ordered, w.last.careWaits)
		}
		w.run(25*time.Second, 5*time.Second)
		if len(w.ordered) != 0 {
			t.Errorf("%s: ordered again too early: %+v", kind, w.ordered)
		}
		w.tick(5 * time.Second)
		if len(w.ordered) != 1 || w.ordered[0].Kind != kind {
			t.Errorf("%s: not ordered again after half a minute: %+v, waits for %q", kind, w.ordered, w.last.careWaits)
		}
	}
}

// Near the quota a member is defragmented once a day at the most, and not for what the
// tenant writes in minutes.
func TestNearTheQuotaForGood(t *testing.T) {
	for _, c := range []struct {
		churns int64 // of 8 GiB, each minute
		most   int   // for each member, in two days
	}{
		{21 * mebi, 0}, // 105 MiB of history
		{90 * mebi, 2}, // 450 MiB
	} {
		w := newEtcdWorld()
		w.churns = c.churns
		w.all(func(m *plane.Member) { m.DBSize, m.DBInUse, m.Quota = 6600*mebi, 6590*mebi, 8192*mebi })
		got := map[string]int{}
		for range 2 * 24 * 60 {
			w.tick(time.Minute)
			for _, s := range w.ordered {
				if s.Kind == plane.Defragment {
					got[s.Etcd.Member]++
				}
			}
		}
		for _, m := range w.members {
			if got[m.Name] > c.most || c.most > 0 && got[m.Name] == 0 {
				t.Errorf("with %d MiB a minute %s was defragmented %d times in two days, want at most %d", c.churns>>20, m.Name, got[m.Name], c.most)
			}
		}
		if f := w.last.etcdKept(); f.Reason != v1alpha1.ReasonQuotaNear || c.most == 0 && !strings.Contains(f.Message, "not worth it: its quota is at the most") {
			t.Errorf("with %d MiB a minute: %s: %s", c.churns>>20, f.Reason, f.Message)
		}
	}
}
