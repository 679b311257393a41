// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// floorInForce tells whether the autoscaler has the floor that was decided. Where more
// replicas are due and would not help the floor is as decided, and the reason says what is
// short.
func (d *pass) floorInForce() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionFloorInForce}
	s, failed := d.seen.Scale, d.memory.Failed[plane.FloorName]
	words := fmt.Sprintf("the floor is to be %d replicas: %s", d.scaled.Floor, d.plan.Scale.Why)
	if s.Looked && s.Fault == nil && s.Autoscaler != "" && !s.ByMetrics {
		words += "; the autoscaler cannot tell by its metrics, so that the floor is all that moves it"
	}
	switch {
	case !s.Looked:
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonStale, "the autoscaler has not been looked at yet"
	case d.profile.Scaling.Max <= 0:
		f.Reason, f.Message = v1alpha1.ReasonNotBounded, "the profile does not say how many replicas there may be: set a maximum; nothing is decided until then"
	case s.Fault != nil:
		f.Reason, f.Message = s.Fault.Reason, s.Fault.Message+"; nothing is written; "+words
	case d.scaled.Floor == 0:
		f.Unknown, f.Reason, f.Message = true, d.plan.Scale.Reason, "no floor is decided yet: "+d.plan.Scale.Why
	case d.profile.Scaling.Mode == plane.Recommend:
		f.Reason, f.Message = v1alpha1.ReasonRecommendOnly, "recommended only: "+words
	case d.profile.Paused:
		f.Reason, f.Message = v1alpha1.ReasonPaused, "paused by a person: "+words
	case failed != (plane.Failure{}):
		f.Reason, f.Message = failed.Fault.Reason, failed.Fault.Message+"; "+words
	case d.floorWaits != "":
		f.Reason, f.Message = v1alpha1.ReasonFloorHeld, d.floorWaits
	case s.Autoscaler == "":
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonNotReadBack, "there is no autoscaler yet, it is being made; "+words
	case s.Floor != d.scaled.Floor:
		f.Reason, f.Message = v1alpha1.ReasonNotReadBack, fmt.Sprintf("the autoscaler has a floor of %d so far; %s", s.Floor, words)
	default:
		f.True, f.Reason, f.Message = true, d.plan.Scale.Reason, words
	}
	return f
}
