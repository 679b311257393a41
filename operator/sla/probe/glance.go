// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/recommender/sla"
)

const (
	// glances is into how many parts glances divide the time between two rounds, and
	// farApart how long that must be for it: a shorter one needs none.
	glances, farApart = 3, 6 * time.Second
)

// between waits for the next round, and glances meanwhile at whether what the last one said
// still holds: one small read over a connection that is there. As long as it does that is
// told, so that the beginning and the end of an outage are known to a third of the time
// between two rounds. When it does not the next round comes at once; since is then when that
// was seen.
func (w *Watch) between(ctx context.Context, key types.NamespacedName, p *Prober, last Round, due time.Time) (since time.Time, err error) {
	each := time.Until(due) / glances
	for left := glances - 1; left >= 0; left-- {
		if err := pass(ctx, time.Until(due)-time.Duration(left)*each); err != nil {
			return time.Time{}, err
		}
		if left == 0 || each*glances < farApart {
			continue
		}
		at := w.Now()
		served, known := p.glance(ctx, last, at, each)
		if served {
			at = w.Now() // as of the answer; of one that never came, as of the request
		}
		switch holds := served == (last.Verdict == sla.Up); {
		case ctx.Err() != nil:
			return time.Time{}, ctx.Err()
		case !known:
		case !holds:
			return at, nil
		default:
			w.tell(ctx, key, Round{At: at, Over: w.Now(), Verdict: last.Verdict, Why: last.Why, Glance: true})
		}
	}
	return time.Time{}, nil
}

// pass lets time pass.
func pass(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// glance reads at one door, after a round and for so long; known is false where nothing says
// whether others are served.
func (p *Prober) glance(ctx context.Context, last Round, at time.Time, within time.Duration) (served, known bool) {
	d := p.ajar(last)
	if d == nil {
		return false, false
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	answer := d.Ask(ctx, sla.Read, at)
	switch answer.Result {
	case sla.Served, sla.Late:
		return true, true
	case sla.Failed:
		d.anew()
		return false, !answer.Unasked
	default:
		return false, false
	}
}

// ajar is the door for glances after a round: the first one that served, or of what is down
// the first; nil where there is none.
func (p *Prober) ajar(last Round) *Door {
	i := slices.IndexFunc(last.Probes, func(one sla.Probe) bool {
		return last.Verdict == sla.Down || last.Verdict == sla.Up && one.Question == sla.Read && (one.Result == sla.Served || one.Result == sla.Late)
	})
	if i < 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for t, d := range p.doors {
		if t.Replica == last.Probes[i].Replica {
			return d
		}
	}
	return nil
}
