// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// mostReplicas is how many replicas of a control plane are asked: that is what more of them
// would cost, and any of them tells as much.
const mostReplicas = 64

// Target is where a control plane is asked: one replica of it, or, where Replica is empty,
// its balancer.
type Target struct{ Replica, Address string }

// Prober asks one control plane. It is safe for concurrent use.
type Prober struct {
	mu          sync.Mutex
	fingerprint string
	doors       map[Target]*Door
}

// Retarget sets where to ask, with which credentials. Doors that stay keep their
// connections. It errs where the credentials cannot be used; then nothing is asked.
func (p *Prober) Retarget(a *access.Access, targets []Target) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	anew := a.Fingerprint() != p.fingerprint
	var failed []error
	doors := map[Target]*Door{}
	for _, t := range targets[:min(len(targets), mostReplicas+1)] {
		if d, is := p.doors[t]; is && !anew {
			doors[t] = d
			continue
		}
		d, err := NewDoor(a, t.Replica, t.Address)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		doors[t] = d
	}
	for t, d := range p.doors {
		if doors[t] != d {
			d.Close()
		}
	}
	p.doors, p.fingerprint = doors, a.Fingerprint()
	return errors.Join(failed...)
}

// Round asks at every door at once: for readiness and a read and, where writes are allowed,
// at the balancer's or, without one, the first replica's, for a write. The probes are in the
// order of their doors, the balancer's first. expires is when the first of the certificates
// ends that they serve with; zero while none was seen.
func (p *Prober) Round(ctx context.Context, writes bool, at time.Time) (probes []sla.Probe, expires time.Time) {
	p.mu.Lock()
	doors := slices.SortedFunc(maps.Values(p.doors), func(a, b *Door) int {
		return slices.Compare([]string{a.Replica, a.Address}, []string{b.Replica, b.Address})
	})
	p.mu.Unlock()
	rounds := make([][]sla.Probe, len(doors))
	var all sync.WaitGroup
	for i, d := range doors {
		questions := []sla.Question{sla.Ready, sla.Read}
		if writes && i == 0 {
			questions = append(questions, sla.Write)
		}
		all.Go(func() { rounds[i] = d.round(ctx, questions, at) })
	}
	all.Wait()
	if writes && len(doors) > 1 && unaskedAll(rounds[0]) {
		// Nothing has left for the balancer: who reads tells whether it can be written.
		if i := slices.IndexFunc(rounds, reads); i > 0 {
			rounds[i] = append(rounds[i], doors[i].Ask(ctx, sla.Write, at))
		}
	}
	for _, d := range doors {
		if end := d.expires(); !end.IsZero() && (expires.IsZero() || end.Before(expires)) {
			expires = end
		}
	}
	return slices.Concat(rounds...), expires
}

// unaskedAll tells whether nothing has left of all that was to be asked at a door.
func unaskedAll(probes []sla.Probe) bool {
	return !slices.ContainsFunc(probes, func(p sla.Probe) bool { return !p.Unasked })
}

// reads tells whether whoever was asked serves reads.
func reads(probes []sla.Probe) bool {
	return slices.ContainsFunc(probes, func(p sla.Probe) bool {
		return p.Question == sla.Read && (p.Result == sla.Served || p.Result == sla.Late)
	})
}

// round asks one question after the other. Whoever could not be dialed, or gave no answer in
// time, is not asked the others: they have failed for the same reason, and a round is over
// within the time of one answer. The balancer is dialed anew for every round, as whoever comes
// new does it; a replica once a minute, and after anything that failed.
func (d *Door) round(ctx context.Context, questions []sla.Question, at time.Time) []sla.Probe {
	if d.Replica == "" || !d.made.IsZero() && time.Since(d.made) >= keptFor {
		d.anew()
	}
	probes := make([]sla.Probe, 0, len(questions))
	for _, q := range questions {
		p := d.Ask(ctx, q, at)
		if probes = append(probes, p); p.Result != sla.Failed {
			continue
		}
		defer d.anew()
		if p.Phase == sla.Dial || p.Phase == sla.TLS || p.Took >= answerWithin {
			for _, left := range questions[len(probes):] {
				same := p
				same.Question = left
				probes = append(probes, same)
			}
			break
		}
	}
	return probes
}

// Close ends all connections.
func (p *Prober) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.doors {
		d.Close()
	}
	p.doors = nil
}
