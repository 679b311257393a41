// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// replaceEvery is how long each replica of a world takes to be replaced.
const replaceEvery = 40 * time.Second

// workload is what runs the replicas of a world, and replaces one after the other when
// its template changes.
type workload struct {
	plane.Workload

	// began is when the rollout began, or went on, replaced how many replicas have the
	// template, and before how many had it when it went on.
	began            time.Time
	replaced, before int
	// stuck keeps the first new replica from coming up, in every rollout forward.
	stuck bool
	// unready are replicas that are not ready.
	unready map[int]bool
	writes  int
}

// managed is a world whose flags may be raised, with the ceiling that it has.
func managed(w *world) {
	w.profile.ManageFlags = true
	w.workload = &workload{replaced: 3, Workload: plane.Workload{Name: "Deployment kube-apiserver", Flags: plane.FlagsFor(w.ceiling)}}
}

// write is a write into the template, as the operator makes it.
func (l *workload) write(s plane.Step, now time.Time) {
	l.writes++
	written := &plane.WrittenFlags{Original: s.Flags.From, Before: s.Flags.From, Flags: s.Flags.To, At: now, Back: s.Kind == plane.ReturnFlags}
	if l.Written != nil {
		written.Original = l.Written.Original
	}
	l.Written, l.Flags, l.Ours = written, s.Flags.To, true
	l.began, l.replaced, l.before, l.Rolling, l.Held = now, 0, 0, true, false
}

// hold holds the rollout, or goes on with it.
func (l *workload) hold(held bool, now time.Time) {
	l.Held, l.began, l.before = held, now, l.replaced
}

// rollOn goes on with a rollout, and is what can be seen of the workload.
func (w *world) rollOn() *plane.Workload {
	l := w.workload
	if l == nil {
		return nil
	}
	if l.Rolling && !l.Held && (!l.stuck || l.Written.Back) {
		if l.replaced = min(3, l.before+int(w.now.Sub(l.began)/replaceEvery)); l.replaced == 3 {
			l.Rolling, w.ceiling = false, l.Flags.Ceiling()
		}
	}
	seen := l.Workload
	seen.Short = l.anyUnready()
	return &seen
}

// ceilingOf is a replica's ceiling: that of the template once it has been replaced.
func (w *world) ceilingOf(i int) int {
	if l := w.workload; l != nil && l.Rolling && i < l.replaced {
		return l.Flags.Ceiling()
	}
	return w.ceiling
}

func (l *workload) isUnready(i int) bool { return l != nil && l.unready[i] }

func (l *workload) anyUnready() bool { return l.isUnready(0) || l.isUnready(1) || l.isUnready(2) }
