// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"math"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// asked is what the tenant asks for, in cores.
const asked = 3

// run has the plant take steps for so long and gives the time after.
func run(p *plant, now time.Time, d time.Duration) time.Time {
	for range d / tick {
		now = now.Add(tick)
		p.step(asked, now)
	}
	return now
}

// TestPlantSticks has a replica join: it serves after half a minute, has nothing then, and
// most of its share after three times as long as a connection lasts.
func TestPlantSticks(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPlant(largest, now)
	p.scale(4)
	now = run(p, now, becomesReady)
	last := p.replicas[3]
	if last.ready || last.share != 0 {
		t.Fatalf("ready %t with a share of %.2f before it can serve", last.ready, last.share)
	}
	now = run(p, now, 2*tick)
	if !last.ready || last.share > 0.01 {
		t.Fatalf("ready %t with a share of %.2f as soon as it serves", last.ready, last.share)
	}
	run(p, now, 3*sticks)
	if last.share < 0.22 || last.share > 0.25 {
		t.Errorf("a share of %.3f after %s, want nearly a quarter", last.share, 3*sticks)
	}
	sum := 0.0
	for _, r := range p.replicas {
		sum += r.share
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the shares add up to %.12f", sum)
	}
}

// TestPlantLosesReplica takes the youngest away: its clients are elsewhere at once.
func TestPlantLosesReplica(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPlant(largest, now)
	p.scale(4)
	now = run(p, now, 10*time.Minute)
	p.scale(3)
	run(p, now, tick)
	if len(p.replicas) != 3 || p.replicas[2].name != "kube-apiserver-0002" {
		t.Fatalf("%d replicas, the last %s: want the three that were there first", len(p.replicas), p.replicas[len(p.replicas)-1].name)
	}
	used := 0.0
	for _, r := range p.replicas {
		used += r.uses - idle
	}
	if math.Abs(used-asked) > 1e-9 {
		t.Errorf("%.3f cores of the %d that are asked for are served", used, asked)
	}
}

// TestPlantThrottles holds a replica at its limit until a resize is in force.
func TestPlantThrottles(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPlant(plane.Amounts{CPU: 0.5, Memory: gibi}, now)
	now = run(p, now, time.Minute)
	r := p.replicas[0]
	if r.uses != 0.5 || r.asks < 1 {
		t.Fatalf("uses %.2f of the %.2f cores that are asked for, want its limit of 0.5", r.uses, r.asks)
	}
	p.resize(r.name, largest, now)
	now = run(p, now, resizes-tick)
	if r.uses != 0.5 {
		t.Errorf("uses %.2f cores before the resize is in force", r.uses)
	}
	run(p, now, 2*tick)
	if r.uses != r.asks {
		t.Errorf("uses %.2f of %.2f cores after it", r.uses, r.asks)
	}
}

// TestDayHasOneNoon: without noise and bursts a day rises and falls once, and two days of
// one seed are the same.
func TestDayHasOneNoon(t *testing.T) {
	d, again := newDay(2*time.Hour, 7), newDay(2*time.Hour, 7)
	for at := time.Duration(0); at < d.length; at += tick {
		if d.at(at) != again.at(at) {
			t.Fatalf("after %s two days of one seed ask for %.3f and %.3f", at, d.at(at), again.at(at))
		}
	}
	d.bursts = nil
	clear(d.rough)
	for at := tick; at < d.length; at += tick {
		if rises := d.at(at) > d.at(at-tick); rises != (at <= d.length/2) {
			t.Fatalf("rises %t after %s", rises, at)
		}
	}
	if got := d.at(d.length / 2); math.Abs(got-noon) > 1e-9 {
		t.Errorf("noon asks for %.2f, want %.2f", got, noon)
	}
}
