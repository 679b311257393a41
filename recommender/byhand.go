// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// heldByHand is how many requests a client must have open in a jail of somebody
// else's to be named: as many as make an offender.
const heldByHand = 4

// jailedByHand tells whether requests are in a level that an administrator has made
// to hold somebody: no second sentence is passed on them, and what waits there takes
// no seats from anybody.
func (d *pass) jailedByHand(h plane.Held) bool {
	return d.seen.Config != nil && slices.ContainsFunc(d.seen.Config.Levels, func(l plane.Level) bool {
		return l.Jail && l.Name == h.Level
	})
}

// nameHeldByHand names the clients that an administrator's own flow schema holds
// while others suffer: people look for them among the offenders.
func (d *pass) nameHeldByHand() {
	if !d.harm.Found() || len(d.memory.Samples) == 0 {
		return
	}
	for _, h := range d.memory.Samples[len(d.memory.Samples)-1].Held {
		if h.Executing+h.Waiting < heldByHand || !d.jailedByHand(h) {
			continue
		}
		if _, known := d.memory.Offenders[h.Client.SentenceName()]; known {
			continue
		}
		s := offender.Pass(h.Client, plane.Grade{}, 0, d.profile, d.now)
		s.Phase, s.Count = plane.PhaseCannotBeJailed, 0
		reason := plane.Reason{
			Code:    v1alpha1.ReasonCannotBeJailed,
			Message: fmt.Sprintf("named %s, which is held by hand: the flow schema %s sends it to the level %s, which has no seats of its own", h.Client, h.Schema, h.Level),
			Evidence: []string{
				fmt.Sprintf("%d of its requests ran there and %d waited in the last sample", h.Executing, h.Waiting),
			},
			Rejected: []string{"a sentence of Evenkeel's: the client is held already, and whose flow schema comes first would be a matter of chance"},
		}
		s.Reason = reason.Message
		d.memory.Offenders[s.Name] = s
		d.step(plane.Step{Kind: plane.NameOffender, Sentence: &s, Reason: reason})
	}
}
