// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package regress

import (
	"context"
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/recommender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Healthy is what came of rollouts in which nothing goes wrong.
type Healthy struct {
	// Rollouts is how many were played, Steps how many pods were restarted in them.
	Rollouts, Steps int
	// Aborted are why some were stopped, Unfinished counts those that did not end.
	Aborted    []string
	Unfinished int
}

const (
	// tick is the time between two looks, as the operator has it.
	tick = 5 * time.Second
	// calm is how long a plant is looked at before its rollout begins, and rolloutWithin how
	// long that may take.
	calm, rolloutWithin = 5 * time.Minute, time.Hour
)

// PlayHealthy plays so many rollouts, each of all six pods of a control plane, and each
// with other noise.
func PlayHealthy(ctx context.Context, rollouts int) (Healthy, error) {
	out := Healthy{Rollouts: rollouts}
	for seed := range rollouts {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		why, steps, ended := playOne(uint64(seed))
		out.Steps += steps
		switch {
		case why != "":
			out.Aborted = append(out.Aborted, fmt.Sprintf("rollout %d: %s", seed, why))
		case !ended:
			out.Unfinished++
		}
	}
	return out, nil
}

// playOne plays one rollout and says why it was stopped; empty when it was not.
func playOne(seed uint64) (stopped string, steps int, ended bool) {
	p := newPlant(seed)
	var memory plane.Memory
	pass := func() (plan plane.Plan) {
		p.now = p.now.Add(tick)
		plan, memory = recommender.Decide(p.snapshot(), p.profile, memory, p.now)
		p.outcomes = nil
		for _, step := range plan.Steps {
			switch {
			case step.Kind == plane.StopSteps:
				stopped = step.Reason.Message
			case step.Apply && step.Kind == plane.ResizePod:
				p.restart(step)
				steps++
			case step.Apply && step.Kind == plane.MoveLeader:
				p.leader = step.Size.Leader
			}
			if step.Apply {
				p.outcomes = append(p.outcomes, plane.Outcome{Kind: step.Kind, Name: step.About(), Written: p.now, InForce: p.now})
			}
		}
		return plan
	}
	for end := p.now.Add(calm); p.now.Before(end); {
		pass()
	}
	p.roll()
	for end := p.now.Add(rolloutWithin); p.now.Before(end) && stopped == ""; {
		plan := pass()
		if p.done() && plan.Disturbing.State == plane.PlanIdle {
			return "", steps, true
		}
	}
	return stopped, steps, false
}
