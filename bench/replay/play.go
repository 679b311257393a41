// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"evenkeel.dev/evenkeel/bench/scale/turns"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// least and most are how many replicas there may be.
	least, most = 3, 6
	// share is what a replica uses on average, as a part of the largest it may be, from
	// which the autoscaler adds one: of Gardener's 7 cores that is 6.
	share = 6.0 / 7
	// before is how long it has been night when a day begins. What is decided in it is
	// what any tenant comes to that is looked at for the first time, and does not count.
	before = 6 * time.Hour
	course = time.Minute
)

// The sizes that a replica may have, and the one it is made with where sizes are decided.
// Where they are not, it has the largest: it could not grow when it is needed.
var (
	smallest = plane.Amounts{CPU: 0.25, Memory: 0.5 * gibi}
	largest  = plane.Amounts{CPU: 2, Memory: 4 * gibi}
	made     = plane.Amounts{CPU: 0.5, Memory: 2 * gibi}
)

// bounds are those of sizing.
func bounds() plane.SizeBounds {
	return plane.SizeBounds{
		CPU:    sizing.Bounds{Least: smallest.CPU, Most: largest.CPU},
		Memory: sizing.Bounds{Least: smallest.Memory, Most: largest.Memory},
	}
}

// arm is one way of running the plant.
type arm struct {
	name   string
	sizing bool
	target autoscalingv2.MetricTarget
}

// arms are those that are played.
func arms() []arm {
	return []arm{
		{name: turns.ArmHPA, target: average(share * largest.CPU)},
		{name: turns.ArmEvenkeel, sizing: true, target: average(share * largest.CPU)},
	}
}

// play plays a day under an arm, and tells of Evenkeel's steps when they are carried out.
// It must be called in a bubble of time.
func play(ctx context.Context, a arm, d day, tell func(at time.Duration, s plane.Step)) (turns.Replay, error) {
	start, template := time.Now(), largest
	var e *evenkeel
	if a.sizing {
		template, e = made, &evenkeel{profile: profileOf(bounds(), least, most)}
	}
	p := newPlant(template, start)
	u, err := startUpstream(ctx, p, scaler(least, most, a.target))
	if err != nil {
		return turns.Replay{}, err
	}
	defer u.stop()
	w := newWatch()
	time.Sleep(tick / 2) // the autoscaler's rounds and the plant's steps never meet
	for at := -before; at < d.length; at += tick {
		time.Sleep(tick)
		now := time.Now()
		p.step(d.at(at), now)
		if at%sampling == 0 {
			p.sample(now)
		}
		if err := u.pods.write(ctx, p); err != nil {
			return turns.Replay{}, err
		}
		if e != nil && at%look == 0 {
			e.tell = func(s plane.Step) { tell(at, s) }
			if err := e.pass(ctx, p, u, now); err != nil {
				return turns.Replay{}, err
			}
		}
		w.see(at, d.at(at), p)
	}
	r := w.judge()
	r.Arm, r.Day = a.name, d.length
	if e != nil {
		r.Floors = e.floors
	}
	return r, nil
}

// sample is what metrics-server does.
func (p *plant) sample(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.replicas {
		r.sampled.read(now)
	}
}
