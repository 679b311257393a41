// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/replicas"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// drain wants the fullest replica replaced, where its connections have been too many for
// long, the replicas end connections by chance already, and the profile allows it. The plan
// of disruptive steps says when, and one at a time.
func (d *pass) drain() {
	if d.even.Remedy != replicas.Drain || !d.profile.Scaling.Drain || !d.enforcing(d.profile.Scaling.Mode) {
		return
	}
	for _, p := range d.podsOf(sizing.APIServer) {
		if p.UID != d.even.Fullest {
			continue
		}
		d.wants(rollout.Step{
			Kind: rollout.Replace, Component: p.Component, Pod: p.Pod, UID: p.UID, Node: p.Node, Zone: p.Zone, Why: d.even.Words,
		}, plane.Step{
			Kind: plane.EvictPod, Apply: true,
			Size: &plane.SizeStep{Component: p.Component, Pod: p.Pod, UID: p.UID},
			Reason: plane.Reason{
				Code:     v1alpha1.ReasonDraining,
				Message:  fmt.Sprintf("evicts %s, so that its clients choose a replica anew", p.Pod),
				Evidence: []string{d.even.Words, fmt.Sprintf("that has been so for ten minutes, although the replicas end a connection with a chance of %v", d.seen.Scale.GoAway)},
				Rejected: []string{"another replica: connections stay where they are, and it would get nothing"},
			},
		}, nil)
	}
}

// connectionsEven tells whether long-lived connections keep the load on few replicas, and
// what would help.
func (d *pass) connectionsEven() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionConnectionsEven}
	e := d.even
	switch {
	case !d.seen.Scale.Looked:
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonStale, "the autoscaler has not been looked at yet"
		return f
	case d.sight.blind():
		f.Unknown, f.Reason, f.Message = true, d.sight.faults[0].Reason, "not all replicas can be seen: "+d.sight.faults[0].Message
		return f
	case e.Fullest == "":
		f.True, f.Reason, f.Message = true, v1alpha1.ReasonAsExpected, "no replica has far more connections than the others"
		return f
	case !e.Long:
		f.True, f.Reason, f.Message = true, v1alpha1.ReasonAsExpected, e.Words+": that may pass"
		return f
	}
	f.Reason, f.Message = v1alpha1.ReasonConnectionsUneven, e.Words
	switch e.Remedy {
	case replicas.SetGoAway:
		f.Message += fmt.Sprintf(": set --goaway-chance=%v in the template of the apiserver, so that a connection ends now and then and its client chooses anew", replicas.GoAwayChance)
	case replicas.TheClient:
		f.Message += ": " + theClient(e.Drained)
	case replicas.Drain:
		if d.profile.Scaling.Drain && d.enforcing(d.profile.Scaling.Mode) {
			f.Reason = v1alpha1.ReasonDraining
			f.Message += ": it is to be replaced, so that its clients choose anew"
			break
		}
		f.Message += ": replace that replica, so that its clients choose anew; the profile does not have Evenkeel do it"
	case replicas.NoRemedy:
		f.Message += ": a replica that has come lately has yet to get its share"
	}
	return f
}

// theClient says why it is what a few clients do; vain is the replica that was drained for
// it in vain, if that is why.
func theClient(vain replicas.Drained) string {
	if vain.Name == "" {
		return "the watches are even, so that it is what a few clients do; neither to drain a replica nor to end connections would divide that"
	}
	return fmt.Sprintf("%s was replaced for that at %s, and it is so again: a few clients hold it, and to replace another would only move it on", vain.Name, clock(vain.At))
}
