// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"evenkeel.dev/evenkeel/recommender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// look is how often Evenkeel looks when all is calm.
const look = 5 * time.Second

// errUnplayed is a step that the plant does not know how to carry out.
var errUnplayed = errors.New("the replay does not play this step")

// evenkeel decides for the plant, as the operator would have it do.
type evenkeel struct {
	profile  plane.Profile
	memory   plane.Memory
	outcomes []plane.Outcome
	floors   int
	tell     func(plane.Step)
}

// profileOf is what the platform team of this tenant allows: sizes in place between two
// amounts, limits included, and so many replicas. The protections are off: no client does
// harm here, and what they do is measured elsewhere.
func profileOf(size plane.SizeBounds, floor, most int) plane.Profile {
	return plane.Profile{
		Jail: plane.Off, LoadLine: plane.Off, Shares: plane.Off, Self: "evenkeel", Tick: look,
		Sizing: plane.SizingProfile{
			Mode: plane.Enforce, InPlace: true, Limits: true,
			Bounds: map[sizing.Component]plane.SizeBounds{sizing.APIServer: size},
		},
		Scaling: plane.ScalingProfile{Mode: plane.Enforce, Min: floor, Max: most, CPU: share * size.CPU.Most},
	}
}

// pass is one look, and what follows from it.
func (e *evenkeel) pass(ctx context.Context, p *plant, u *upstream, now time.Time) error {
	hpa, err := u.seen(ctx)
	if err != nil {
		return err
	}
	seen := p.snapshot(now)
	seen.Scale, seen.Outcomes = scaleSeen(hpa, p), e.outcomes
	var plan plane.Plan
	plan, e.memory = recommender.Decide(seen, e.profile, e.memory, now)
	e.outcomes = nil
	for _, s := range plan.Steps {
		if !s.Apply {
			continue
		}
		e.tell(s)
		if err := e.obey(ctx, s, p, u, now); err != nil {
			return err
		}
		e.outcomes = append(e.outcomes, plane.Outcome{Kind: s.Kind, Name: s.About(), Written: now, InForce: now})
	}
	return nil
}

// obey carries a step out on the plant.
func (e *evenkeel) obey(ctx context.Context, s plane.Step, p *plant, u *upstream, now time.Time) error {
	switch s.Kind {
	case plane.ChangeSize:
	case plane.ResizePod:
		p.resize(s.Size.Pod, s.Size.To, now)
	case plane.SetFloor:
		e.floors++
		return u.setFloor(ctx, s.Floor.To)
	default:
		return fmt.Errorf("%s (%s): %w", s.Kind, s.Reason.Message, errUnplayed)
	}
	return nil
}

// scaleSeen is the autoscaler as the operator reads it.
func scaleSeen(hpa *autoscalingv2.HorizontalPodAutoscaler, p *plant) plane.ScaleSeen {
	wanted, _ := p.counts()
	s := plane.ScaleSeen{
		Looked: true, Autoscaler: hpa.Name, Own: true, Max: int(hpa.Spec.MaxReplicas), Floor: int(*hpa.Spec.MinReplicas),
		Current: wanted, Desired: int(hpa.Status.DesiredReplicas), GoAway: float64(time.Second) / float64(sticks), Stated: true,
	}
	for _, c := range hpa.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive {
			s.ByMetrics = c.Status == corev1.ConditionTrue
		}
	}
	return s
}
