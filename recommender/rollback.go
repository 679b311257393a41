// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// rolloutWithin is how long a rollout of new flags may take, as long as a Deployment
	// waits for progress by default, and replicaWithin for each replica of many.
	rolloutWithin, replicaWithin = 10 * time.Minute, 3 * time.Minute
	// unreadyFor is how long a new replica may not be ready: an apiserver starts within
	// half a minute, and a liveness probe has ended one that hangs by then.
	unreadyFor = 3 * time.Minute
	// watchedFor is how long replicas that are not ready are put down to the new flags.
	watchedFor = 2 * rolloutWithin
)

// followReplicas keeps since when replicas have not been as the template has them.
func (d *pass) followReplicas(w *plane.Workload) {
	m := &d.memory.Flags
	unready := map[string]time.Time{}
	for _, r := range d.seen.Replicas {
		// One of the template before may take its time to end.
		if r.Ready || r.Ceiling != w.Flags.Ceiling() {
			continue
		}
		since, known := m.Unready[r.Name]
		if !known {
			since = d.now
		}
		unready[r.Name] = since
	}
	m.Unready = unready
	switch {
	case w.Fault != nil || w.Rolling || d.sight.blind() || d.differing(w) == "":
		m.Differs = time.Time{}
	case m.Differs.IsZero():
		m.Differs = d.now
	}
}

// rolloutFails says why the last write of the flags is to be taken back; empty when it
// is not. A rollout of somebody else's is none of Evenkeel's: the template must be as
// it was left. It goes by the host's account, as replicas that fail are not seen.
func (d *pass) rolloutFails(w *plane.Workload) string {
	if w.Written == nil || w.Written.Back || !w.Ours || w.Written.Flags != w.Flags {
		return ""
	}
	if d.stopped(w) {
		return "it was stopped, and has not been taken back since: " + d.memory.Flags.Stopped.Why
	}
	if d.rolloutAge(w) < watchedFor {
		for _, r := range d.seen.Replicas {
			if since, is := d.memory.Flags.Unready[r.Name]; is && d.now.Sub(since) >= unreadyFor {
				return fmt.Sprintf("%s has not been ready for %s since it runs with the new flags", r.Name, d.now.Sub(since).Round(time.Second))
			}
		}
	}
	if d.hangs(w) {
		return fmt.Sprintf("the rollout that began at %s has not ended within %s", clock(w.Written.At), d.rolloutTakes())
	}
	return ""
}

// hangs tells whether the rollout of the last write takes too long. Long after it only
// replicas of the template before tell that it is still that one.
func (d *pass) hangs(w *plane.Workload) bool {
	age := d.rolloutAge(w)
	if age < d.rolloutTakes() || d.memory.Flags.Settled.Equal(w.Written.At) {
		return false
	}
	return w.Rolling && d.differing(w) != "" || age < watchedFor && (w.Rolling || w.Short)
}

// rolloutTakes is how long a rollout may take, which goes replica by replica.
func (d *pass) rolloutTakes() time.Duration {
	return max(rolloutWithin, replicaWithin*time.Duration(len(d.seen.Replicas)))
}

// rollBack writes what stood there before, once: what was seen to run.
func (d *pass) rollBack(w *plane.Workload, why string) {
	if !d.enforcing(d.profile.LoadLine) || d.failed(plane.FlagsName) {
		return
	}
	d.step(plane.Step{
		Kind: plane.ReturnFlags, Apply: true, Flags: &plane.FlagsChange{From: w.Flags, To: w.Written.Before},
		Reason: plane.Reason{
			Code: v1alpha1.ReasonFlagsRolledBack,
			Message: fmt.Sprintf("rolls %s back to %s: %s; the flags are not raised again before %s",
				w.Name, w.Written.Before, why, clock(d.now.Add(flagsAgain))),
			Evidence: []string{fmt.Sprintf("at %s Evenkeel wrote %s", clock(w.Written.At), w.Written.Flags)},
			Rejected: []string{"to wait: a rollout that hangs leaves replicas with different ceilings, and gets no better by itself"},
		},
	})
}
