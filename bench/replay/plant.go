// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	tick = time.Second
	// becomesReady is how long a new apiserver takes until it serves, and starting what it
	// uses until then, in cores.
	becomesReady = 30 * time.Second
	starting     = 0.5
	// idle is what a replica uses without any client: its share of the cost of being one
	// more.
	idle = 0.08
	// sticks is how long a connection stays where it is, on average: HTTP/2 clients
	// choose a replica when they connect, and the server's GOAWAY has them choose anew.
	sticks = 4 * time.Minute
	// resizes is how long a node takes to bring a resize in force.
	resizes = 3 * time.Second
	gibi    = 1 << 30
	// cached is what a replica's cache holds, heapPerCore what it holds for requests that
	// take a core, both in bytes, and scavenges how slowly that is given back.
	cached, heapPerCore = 0.9 * gibi, 0.15 * gibi
	scavenges           = 10 * time.Minute
	// roomy is how much more than the request for memory the limit is.
	roomy = 2
)

// replica is one apiserver of the plant.
type replica struct {
	name, zone string
	born       time.Time
	ready      bool
	readyAt    time.Time
	// share is the part of the tenant's clients that are connected to it.
	share float64
	// size is what it requests and, of CPU, is limited to, inForce what it runs with, and
	// settles when that is to become the same.
	size, inForce plane.Amounts
	settles       time.Time
	// uses is what it uses now and asks what its clients ask of it, in cores; heap is what
	// its requests hold, in bytes.
	uses, asks, heap float64
	// sampled is the last sample of its use, page what Evenkeel sees of it.
	sampled, page meter
}

// meter averages the use of a replica over a window.
type meter struct {
	sum   float64
	ticks int
	// value is the average of the window that ended at its time.
	value float64
	at    time.Time
}

func (m *meter) add(v float64) { m.sum, m.ticks = m.sum+v, m.ticks+1 }

func (m *meter) read(now time.Time) {
	if m.ticks > 0 {
		m.value, m.at = m.sum/float64(m.ticks), now
	}
	m.sum, m.ticks = 0, 0
}

// plant is a tenant: its clients, the apiservers that they are connected to, and what
// makes and ends those. Its methods may be called by several at once.
type plant struct {
	mu       sync.Mutex
	replicas []*replica
	// wanted is how many there are to be, template the size of a new one.
	wanted   int
	template plane.Amounts
	made     int
	// began is when the plant was.
	began time.Time
}

// newPlant is a plant of the fewest replicas, which serve.
func newPlant(template plane.Amounts, now time.Time) *plant {
	p := &plant{wanted: least, template: template, began: now}
	for range least {
		r := p.make(now.Add(-time.Hour))
		r.ready, r.readyAt, r.share = true, now.Add(-time.Hour+becomesReady), 1.0/least
	}
	return p
}

// make starts one more, in the zone that has the fewest.
func (p *plant) make(now time.Time) *replica {
	count := map[string]int{}
	for _, r := range p.replicas {
		count[r.zone]++
	}
	zone := slices.MinFunc([]string{"a", "b", "c"}, func(x, y string) int { return cmp.Compare(count[x], count[y]) })
	r := &replica{
		name: fmt.Sprintf("kube-apiserver-%04d", p.made), zone: zone, born: now, size: p.template, inForce: p.template,
	}
	p.made++
	p.replicas = append(p.replicas, r)
	return r
}

// scale says how many replicas there are to be.
func (p *plant) scale(to int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = to
}

// counts are how many replicas are wanted and are there.
func (p *plant) counts() (wanted, there int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wanted, len(p.replicas)
}

// resize has a replica request and be limited to something else. One that is gone is seen
// to be.
func (p *plant) resize(name string, to plane.Amounts, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.replicas {
		if r.name == name {
			r.size, r.settles = to, now.Add(resizes)
		}
	}
}

// step has a tick pass in which the tenant asks for so many cores.
func (p *plant) step(demand float64, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.staff(now)
	p.connect()
	for _, r := range p.replicas {
		if !r.settles.IsZero() && !now.Before(r.settles) {
			r.inForce, r.settles = r.size, time.Time{}
		}
		r.asks = starting
		if r.ready {
			r.asks = idle + r.share*demand
		}
		r.uses = min(r.asks, r.inForce.CPU)
		r.heap = max(heapPerCore*r.uses, r.heap*(1-float64(tick)/float64(scavenges)))
		r.sampled.add(r.uses)
		r.page.add(r.uses)
	}
}

// staff makes and ends replicas as the controller of a ReplicaSet does: of those that
// serve, the youngest ends first.
func (p *plant) staff(now time.Time) {
	for len(p.replicas) < p.wanted {
		p.make(now)
	}
	for len(p.replicas) > p.wanted {
		slices.SortStableFunc(p.replicas, func(a, b *replica) int { return a.born.Compare(b.born) })
		last := len(p.replicas) - 1
		if i := slices.IndexFunc(p.replicas, func(r *replica) bool { return !r.ready }); i >= 0 {
			last = i
		}
		p.replicas = slices.Delete(p.replicas, last, last+1)
	}
	for _, r := range p.replicas {
		if !r.ready && now.Sub(r.born) >= becomesReady {
			r.ready, r.readyAt = true, now
		}
	}
	slices.SortFunc(p.replicas, func(a, b *replica) int { return cmp.Compare(a.name, b.name) })
}

// connect has some of the connections choose anew, and all those whose replica is gone.
func (p *plant) connect() {
	ready, held := 0, 0.0
	for _, r := range p.replicas {
		if r.ready {
			ready++
			held += r.share
		}
	}
	if ready == 0 {
		return
	}
	moves := float64(tick) / float64(sticks)
	for _, r := range p.replicas {
		if r.ready {
			r.share += (1 - held) / float64(ready)
			r.share += (1/float64(ready) - r.share) * moves
		}
	}
}

// memory is what a replica holds, in bytes.
func (r *replica) memory() float64 { return cached + r.heap }
