// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// All steps are taken, one after the other, the leader's last and after it has handed over.
func TestOneAfterTheOther(t *testing.T) {
	w := newWorld()
	w.run(time.Minute)
	for _, uid := range []string{"ma", "mb", "mc"} {
		w.due = append(w.due, w.step(rollout.Defragment, uid))
	}
	w.due = append(w.due, w.step(rollout.Replace, "rc"))
	if !w.until(func() bool { return len(w.done) == 5 }, 15*time.Minute) {
		t.Fatalf("%d of 5 steps were done: %s", len(w.done), w.last.Why)
	}
	var order []string
	for _, b := range w.begun {
		order = append(order, string(b.step.Kind)+" "+b.step.Pod)
	}
	want := []string{"Defragment etcd-1", "Defragment etcd-2", "Replace kube-apiserver-c", "MoveLeader etcd-0", "Defragment etcd-0"}
	if !slices.Equal(order, want) {
		t.Errorf("the order is %v, not %v", order, want)
	}
	for i := 1; i < len(w.begun); i++ {
		if w.begun[i].at.Before(w.done[i-1].at) {
			t.Errorf("%s began at %s, before %s was done at %s", order[i], w.begun[i].at, order[i-1], w.done[i-1].at)
		}
	}
	if len(w.stopped) > 0 {
		t.Errorf("it was stopped: %+v", w.stopped)
	}
}

// Whatever is not as it should be holds what would disturb.
func TestHeld(t *testing.T) {
	for name, c := range map[string]struct {
		kind rollout.Kind
		uid  string
		make func(w *world)
		why  string // empty: it begins
	}{
		"nothing":                   {rollout.Defragment, "mb", func(*world) {}, ""},
		"paused":                    {rollout.Defragment, "mb", func(w *world) { w.seen.Paused = true }, "paused"},
		"a resize":                  {rollout.Defragment, "mb", func(w *world) { w.seen.Held = []string{"etcd-2 is being resized"} }, "being resized"},
		"late requests":             {rollout.Defragment, "mb", func(w *world) { w.seen.Wait = []string{"requests are late"} }, "late"},
		"late, urgent":              {rollout.Defragment, "mb", func(w *world) { w.seen.Wait, w.due[0].Urgent = []string{"requests are late"}, true }, ""},
		"another member not ready":  {rollout.Defragment, "mb", func(w *world) { w.of("mc").Ready = false }, "etcd-2 in zone c is not ready"},
		"another member not well":   {rollout.Defragment, "mb", func(w *world) { w.of("mc").Well = false }, "etcd-2 in zone c is not well"},
		"itself not well":           {rollout.Replace, "rb", func(w *world) { w.of("rb").Ready = false }, ""},
		"a replica in another zone": {rollout.Defragment, "mb", func(w *world) { w.of("rc").Ready = false }, "kube-apiserver-c in zone c is not ready"},
		"that, urgent":              {rollout.Defragment, "mb", func(w *world) { w.of("rc").Ready, w.due[0].Urgent = false, true }, ""},
		"a member, urgent":          {rollout.Defragment, "mb", func(w *world) { w.of("mc").Ready, w.due[0].Urgent = false, true }, "is not"},
		"one that is missing": {rollout.Replace, "rb", func(w *world) {
			w.seen.Subjects = slices.DeleteFunc(w.seen.Subjects, func(s rollout.Subject) bool { return s.UID == "rc" })
		}, "2 of 3 pods"},
		"one that ends, and another runs": {rollout.Replace, "rb", func(w *world) { w.ends("rc") }, ""},
		"that, of how many is not known":  {rollout.Replace, "rb", func(w *world) { w.ends("rc"); delete(w.seen.Wanted, sizing.APIServer) }, "is not ready"},
		"two members":                     {rollout.Defragment, "mb", func(w *world) { w.of("mc").Voter = false }, "2 members that vote"},
		"a window that is closed":         {rollout.Defragment, "mb", func(w *world) { w.seen.Windows = night }, "opens at Fri 01:30"},
		"that, urgent ":                   {rollout.Defragment, "mb", func(w *world) { w.seen.Windows, w.due[0].Urgent = night, true }, ""},
		"no space, what brings it":        {rollout.Defragment, "mb", func(w *world) { w.sick(); w.due[0].Urgent = true }, ""},
		"no space, what brings none":      {rollout.Restart, "mb", func(w *world) { w.sick(); w.due[0].Urgent = true }, "not well"},
		"the only replica":                {rollout.Replace, "rb", func(w *world) { w.only("rb") }, "no other"},
		"not seen":                        {rollout.Replace, "rb", func(w *world) { w.hurt = silent("rc") }, "kube-apiserver-c in zone c is not seen"},
		"not seen in the other":           {rollout.Replace, "rb", func(w *world) { w.hurt = silent("mc") }, "etcd-2 in zone c is not seen"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.run(time.Minute)
			w.due = []rollout.Step{w.step(c.kind, c.uid)}
			c.make(w)
			before := w.due
			w.run(40 * time.Second)
			switch {
			case c.why == "" && len(w.begun) == 0:
				t.Errorf("it was held: %s", w.last.Why)
			case c.why != "" && len(w.begun) > 0:
				t.Errorf("%v began", before)
			case c.why != "" && !strings.Contains(w.last.Why, c.why):
				t.Errorf("it was held by %q, not by %q", w.last.Why, c.why)
			}
		})
	}
}

// ends has a pod end on a node that does not answer, and another run in its place.
func (w *world) ends(uid string) {
	old := *w.of(uid)
	old.UID, old.Pod = "x"+uid, old.Pod+"x"
	w.set(uid, func(one *rollout.Subject) { away(one); one.Ending = true })
	w.seen.Subjects = append(w.seen.Subjects, old)
}

// night opens at half past one.
var night = []rollout.Window{{From: 90 * time.Minute, Length: time.Hour}}

func silent(uid string) func(*world, *rollout.Subject) {
	return func(w *world, one *rollout.Subject) {
		if one.UID == uid {
			one.At = w.now.Add(-time.Minute)
		}
	}
}

func (w *world) sick() {
	w.seen.NoSpace = true
	for i := range w.seen.Subjects {
		w.seen.Subjects[i].Well = w.seen.Subjects[i].Component != sizing.Etcd
	}
}

func (w *world) only(uid string) {
	component := w.of(uid).Component
	w.seen.Subjects = slices.DeleteFunc(w.seen.Subjects, func(s rollout.Subject) bool { return s.Component == component && s.UID != uid })
	w.seen.Wanted[component] = 1
}
