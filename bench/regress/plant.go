// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package regress

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	mebi = 1 << 20
	// startsIn is how long a pod takes to be ready again, at the least and at the most.
	startsIn, startsBy = 8, 45 // seconds
	// missed is how often a look fails, spiked how often a figure is several times the
	// usual, and warming how long a pod that has just started is slower than the others.
	missed, spiked, warming = 0.01, 0.03, 20 * time.Second
)

// plant is a control plane of three replicas and three members that restart for another
// size, with the noise of a busy one.
type plant struct {
	now      time.Time
	noise    *rand.Rand
	profile  plane.Profile
	pods     []*pod
	leader   string
	outcomes []plane.Outcome
	// load is how busy it is: requests a second.
	load float64
}

// pod is one replica or member.
type pod struct {
	plane.SizedPod
	// ready is when it is ready, after a restart, and started when it last started.
	ready, started time.Time
	memory         float64
}

func newPlant(seed uint64) *plant {
	p := &plant{
		now:    time.Date(2026, 11, 26, 2, 0, 0, 0, time.UTC),
		noise:  rand.New(rand.NewPCG(seed, 26)), //nolint:gosec // noise is no secret
		leader: "etcd-1",
		profile: plane.Profile{
			Jail: plane.Off, LoadLine: plane.Off, Shares: plane.Off, Self: "evenkeel", Tick: tick,
			Sizing: plane.SizingProfile{Mode: plane.Enforce, InPlace: true, Restarts: true, Bounds: map[sizing.Component]plane.SizeBounds{}},
		},
	}
	p.load = 50 + 450*p.noise.Float64()
	for i, zone := range []string{"a", "b", "c"} {
		for name, c := range map[string]sizing.Component{"kube-apiserver": sizing.APIServer, "etcd": sizing.Etcd} {
			one := &pod{started: p.now.Add(-time.Hour), memory: (300 + 100*p.noise.Float64()) * mebi}
			one.Component, one.Zone, one.Node = c, zone, "node-"+zone
			one.Pod = fmt.Sprintf("%s-%d", name, i)
			one.UID, one.Container, one.QoS, one.Reported, one.MemoryRestarts = one.Pod+"-uid", name, "Burstable", true, true
			one.Requested = plane.Amounts{CPU: 1, Memory: 1024 * mebi}
			one.Allocated, one.InForce, one.Resize.State = one.Requested, one.Requested, plane.ResizeSettled
			p.pods = append(p.pods, one)
		}
		p.bound(1024)
	}
	return p
}

// bound has every pod request so many MiB.
func (p *plant) bound(mebis float64) {
	for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
		p.profile.Sizing.Bounds[c] = plane.SizeBounds{CPU: sizing.Bounds{Least: 1, Most: 1}, Memory: sizing.Bounds{Least: mebis * mebi, Most: mebis * mebi}}
	}
}

// roll has every pod want another size, which restarts it.
func (p *plant) roll() { p.bound(1536) }

// done tells whether every pod has the new size and is ready.
func (p *plant) done() bool {
	for _, one := range p.pods {
		if one.Requested.Memory != 1536*mebi || p.now.Before(one.ready) {
			return false
		}
	}
	return true
}

// restart is what a node makes of a resize.
func (p *plant) restart(step plane.Step) {
	for _, one := range p.pods {
		if one.UID == step.Size.UID {
			one.Requested, one.Allocated, one.InForce = step.Size.To, step.Size.To, step.Size.To
			one.Restarts++
			one.started = p.now
			one.ready = p.now.Add(time.Duration((startsIn + (startsBy-startsIn)*p.noise.Float64()) * float64(time.Second)))
			one.memory = 120 * mebi
		}
	}
}

// about is a figure with its noise; now and then it is several times the usual.
func (p *plant) about(usual float64) float64 {
	v := usual * math.Exp(0.3*p.noise.NormFloat64())
	if p.noise.Float64() < spiked {
		v *= 2 + 3*p.noise.Float64()
	}
	return v
}

// count is a Poisson count.
func (p *plant) count(mean float64) float64 {
	if mean > 30 {
		return math.Max(0, math.Round(mean+math.Sqrt(mean)*p.noise.NormFloat64()))
	}
	limit, n, product := math.Exp(-mean), -1.0, 1.0
	for product > limit {
		product *= p.noise.Float64()
		n++
	}
	return n
}

// grow has a pod's memory grow back to what its kind takes.
func (p *plant) grow(one *pod) {
	full := 400 * mebi * (1 + 0.02*p.noise.NormFloat64())
	one.memory += 0.15 * (full - one.memory)
}
