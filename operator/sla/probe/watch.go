// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/recommender/sla"
)

const (
	// jitter is by how much of the time between them rounds are moved, so that those of
	// different vantage points do not come together.
	jitter = 0.1
	// again is how long after a round that says something else than the one before the next
	// comes: whether it lasts is worth knowing at once.
	again = 3 * time.Second
	// standard is the time between two rounds where nothing is asked for.
	standard = 10 * time.Second
	// reached is for how long it counts that a vantage point has reached somebody.
	reached = 30 * time.Second
)

// Subject is where and how a control plane is asked.
type Subject struct {
	Access  *access.Access
	Targets []Target
	// Ready is how many replicas the host cluster calls ready. Missing says why there are
	// none to be asked, where there should be; empty where there are, or need not be. Asleep
	// is whether there are to be none: then nothing is asked, and nothing is missing.
	Ready   int
	Missing string
	Asleep  bool
	// Served is whether it has ever been seen to serve: what has not is being made.
	Served bool
	// Writes is whether a write may be asked for, Every the time between two rounds.
	Writes bool
	Every  time.Duration
}

// Round is one round of probes of a control plane, and what it says to this vantage point.
type Round struct {
	// At is when it began, Over when it ended.
	At, Over time.Time
	// Asleep is whether the control plane is scaled to nothing, and is not asked.
	Asleep  bool
	Probes  []sla.Probe
	Verdict sla.Verdict
	Why     string
	// Since is from when on it is known to be so, where a glance has said it before the round
	// did; else zero. Glance is whether this is one, which has no probes and says what the
	// round before it did.
	Since  time.Time
	Glance bool
	// Expires is when the first certificate ends that was served with; zero while unknown.
	Expires time.Time
}

// Watch asks control planes, each in rounds of its own. It is a Runnable of a manager, and
// runs on replicas that do not lead as well. It is safe for concurrent use.
type Watch struct {
	// Now is the clock. Find says where a control plane is asked now; it is called before
	// every round, and is to be cheap. Told is called after every round, one at a time.
	Now  func() time.Time
	Find func(ctx context.Context, key types.NamespacedName) (Subject, error)
	Told func(key types.NamespacedName, r Round)

	mu    sync.Mutex
	ctx   context.Context //nolint:containedctx // of Start, for those that come later
	asked map[types.NamespacedName]context.CancelFunc
	// last are the probes of the last round of each that has asked.
	last map[types.NamespacedName][]sla.Probe
	// heard is when this vantage point last had an answer, and of whom; and before that of
	// another one.
	heard [2]hearing
}

// hearing is when somebody last answered.
type hearing struct {
	who types.NamespacedName
	at  time.Time
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: every replica is a vantage
// point.
func (w *Watch) NeedLeaderElection() bool { return false }

// Start asks until ctx ends.
func (w *Watch) Start(ctx context.Context) error {
	w.mu.Lock()
	w.ctx = ctx
	for key := range w.asked {
		w.begin(key)
	}
	w.mu.Unlock()
	<-ctx.Done()
	return nil
}

// Set has a control plane asked.
func (w *Watch) Set(key types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, is := w.asked[key]; is {
		return
	}
	if w.asked == nil {
		w.asked = map[types.NamespacedName]context.CancelFunc{}
	}
	w.begin(key)
}

// Drop has a control plane asked no more.
func (w *Watch) Drop(key types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cancel := w.asked[key]; cancel != nil {
		cancel()
	}
	delete(w.asked, key)
	delete(w.last, key)
}

// Asked is how many control planes are asked.
func (w *Watch) Asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

// begin begins the rounds of one, once there is a context for them.
func (w *Watch) begin(key types.NamespacedName) {
	w.asked[key] = nil
	if w.ctx == nil {
		return
	}
	ctx, cancel := context.WithCancel(w.ctx)
	w.asked[key] = cancel
	go w.rounds(ctx, key)
}

// rounds asks one control plane until ctx ends. The first round comes at a time that goes by
// its name, so that a fleet is not asked at once.
func (w *Watch) rounds(ctx context.Context, key types.NamespacedName) {
	var prober Prober
	defer prober.Close()
	if pass(ctx, time.Duration(spread(key)*float64(standard))) != nil {
		return
	}
	was, since := sla.Blind, time.Time{}
	for {
		began := time.Now()
		r, every := w.round(ctx, key, &prober, since)
		upheld := !since.IsZero() && r.Verdict == was
		if r.Verdict != was {
			every = min(every, again)
		}
		was = r.Verdict
		every += time.Duration((2*rand.Float64() - 1) * jitter * float64(every)) //nolint:gosec // no secret
		if upheld {
			r.Probes = nil // where a glance was wrong another one would be
		}
		var err error
		if since, err = w.between(ctx, key, &prober, r, began.Add(every)); err != nil {
			return
		}
	}
}

// round asks once, and tells of it; since is when a glance saw that something has changed.
func (w *Watch) round(ctx context.Context, key types.NamespacedName, prober *Prober, since time.Time) (r Round, every time.Duration) {
	r = Round{At: w.Now(), Since: since, Verdict: sla.Blind}
	s, err := w.find(ctx, key)
	if r.Asleep = s.Asleep; r.Asleep {
		s.Access, s.Targets = nil, nil
	}
	if err == nil && s.Access != nil {
		err = prober.Retarget(s.Access, s.Targets)
	}
	switch {
	case err != nil:
		r.Why = err.Error()
	case r.Asleep:
		r.Why = "it is scaled to nothing"
		w.keep(ctx, key, nil)
	case s.Access == nil:
		r.Why = "there is no way to ask it"
	default:
		r.Probes, r.Expires = prober.Round(ctx, s.Writes, r.At)
		w.keep(ctx, key, r.Probes)
		r.Verdict, r.Why = w.judge(key, s, r)
	}
	r.Over = w.Now()
	w.tell(ctx, key, r)
	if s.Every <= 0 {
		s.Every = standard
	}
	return r, s.Every
}

// findWithin bounds the finding: what the host cluster tells comes from a cache, but for
// credentials that are read anew.
const findWithin = 4 * time.Second

func (w *Watch) find(ctx context.Context, key types.NamespacedName) (Subject, error) {
	ctx, cancel := context.WithTimeout(ctx, findWithin)
	defer cancel()
	return w.Find(ctx, key)
}

// tell tells of a round, unless the control plane is not asked any more: what is broken off
// says nothing.
func (w *Watch) tell(ctx context.Context, key types.NamespacedName, r Round) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, is := w.asked[key]; is && ctx.Err() == nil {
		w.Told(key, r)
	}
}

// judge says what a round means to this vantage point.
func (w *Watch) judge(key types.NamespacedName, s Subject, r Round) (sla.Verdict, string) {
	v, why := sla.Judge(r.Probes)
	if v == sla.Blind && s.Missing != "" {
		v, why = sla.Down, s.Missing
	}
	silent := sla.Silent(r.Probes)
	if answered(r.Probes) {
		w.hear(key, r.At)
	}
	if v == sla.Down && !s.Served {
		return sla.Blind, "it has not served yet: " + why
	}
	return sla.Believe(v, why, silent, sla.Around{Reached: w.reaches(key, r.At), Ready: s.Ready})
}

// answered tells whether anything came back: an answer, or a refusal of the connection.
func answered(round []sla.Probe) bool {
	return slices.ContainsFunc(round, func(p sla.Probe) bool {
		return p.Code != 0 || p.Result != sla.Failed || !p.Silent && !p.Unasked && p.Phase != sla.Wait
	})
}

// hear notes that somebody has answered.
func (w *Watch) hear(key types.NamespacedName, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.heard[0].who != key {
		w.heard[1] = w.heard[0]
	}
	w.heard[0] = hearing{key, at}
}

// reaches tells whether anybody but key has answered lately.
func (w *Watch) reaches(key types.NamespacedName, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range w.heard {
		if h.who != key && !h.at.IsZero() && now.Sub(h.at) <= reached {
			return true
		}
	}
	return false
}

// spread is a number from 0 to 1 that goes by a name.
func spread(key types.NamespacedName) float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key.String()))
	return float64(h.Sum32()) / (1 << 32)
}
