// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/stage"
)

// follower keeps what the profile's status said over time: the load line, every
// decision once, and who was jailed.
type follower struct {
	log io.Writer

	mu        sync.Mutex
	line      []point
	decisions map[string]bool
	sentences []sentence
}

// sentence is a client and when it was first seen jailed.
type sentence struct {
	client string
	since  time.Time
}

func newFollower(log io.Writer) *follower {
	return &follower{log: log, decisions: map[string]bool{}}
}

// follow reads the profile whenever it changes, until ctx ends.
func (f *follower) follow(ctx context.Context, p *stage.Profile) {
	for {
		seen, changed := p.Now()
		f.see(seen, time.Now())
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

func (f *follower) see(seen v1alpha1.ControlPlaneProfile, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l := seen.Status.LoadLine; l != nil && (len(f.line) == 0 || f.line[len(f.line)-1].seats != l.Seats) {
		f.line = append(f.line, point{now, l.Seats})
		f.tell(now, fmt.Sprintf("line %s, used %s", l.Summary, l.Used))
	}
	for _, o := range seen.Status.Offenders {
		if o.Phase != v1alpha1.OffenderJailed || o.Since == nil {
			continue
		}
		s := sentence{client: o.Client, since: o.Since.Time}
		known := slices.ContainsFunc(f.sentences, func(k sentence) bool { return k.client == s.client && k.since.Equal(s.since) })
		if !known {
			f.sentences = append(f.sentences, s)
		}
	}
	// The newest is first.
	for _, d := range slices.Backward(seen.Status.Decisions) {
		key := d.Time.String() + d.Step + d.Message
		if f.decisions[key] {
			continue
		}
		f.decisions[key] = true
		f.tell(d.Time.Time, fmt.Sprintf("decision %s %s applied=%t: %s", d.Step, d.Reason, d.Applied, d.Message))
		for _, e := range d.Evidence {
			f.tell(d.Time.Time, "    "+e)
		}
	}
}

// note puts the run's own events beside the operator's.
func (f *follower) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell(time.Now(), fmt.Sprintf("## "+format, args...))
}

func (f *follower) tell(at time.Time, text string) {
	_, _ = fmt.Fprintf(f.log, "%s %s\n", at.UTC().Format("15:04:05.000"), text)
}

// points are the line so far.
func (f *follower) points() []point {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.line)
}

// jailedIn counts the sentences that began in [from, to). The status gives whole
// seconds.
func (f *follower) jailedIn(from, to time.Time) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, s := range f.sentences {
		if !s.since.Before(from.Truncate(time.Second)) && s.since.Before(to) {
			n++
		}
	}
	return n
}
