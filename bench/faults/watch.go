// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/stage"
)

// lookEvery is how often the members are looked at.
const lookEvery = 500 * time.Millisecond

// watcher sees from outside what Evenkeel does, and which members are missing.
type watcher struct {
	stage   *stage.Stage
	host    kubernetes.Interface
	profile *stage.Profile

	mu sync.Mutex
	// steps are those that were carried out, by what the profile tells of them.
	steps map[Step]bool
	// missing are the times in which members were not ready, as last span if it goes on;
	// struck is when the play itself took one out, until it heals.
	missing []span
	struck  []span
	// two counts how often two members were missing at once, and were is true while so;
	// looks counts how often the members were seen.
	two, looks int
	were       bool
}

func newWatcher(st *stage.Stage, host kubernetes.Interface, p *stage.Profile) *watcher {
	return &watcher{stage: st, host: host, profile: p, steps: map[Step]bool{}}
}

// run looks until ctx ends. The profile is looked at with every change of it: it lists the
// last twenty decisions alone.
func (w *watcher) run(ctx context.Context) {
	every := time.NewTicker(lookEvery)
	defer every.Stop()
	for {
		seen, changed := w.profile.Now()
		w.mu.Lock()
		for _, d := range seen.Status.Decisions {
			if !d.Applied {
				continue
			}
			s := Step{At: d.Time.UTC(), Kind: d.Step, Message: d.Message}
			if len(d.Evidence) > 0 {
				s.Saw = d.Evidence[0]
			}
			w.steps[s] = true
		}
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-every.C:
			w.look(ctx)
		}
	}
}

func (w *watcher) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	members, err := w.stage.Tenant.Members(ctx)
	if err != nil {
		return // the next look sees it
	}
	ready := 0
	for _, m := range members {
		if m.Ready {
			ready++
		}
	}
	w.saw(time.Now(), ready)
}

// saw notes how many members are ready.
func (w *watcher) saw(now time.Time, ready int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks++
	open := len(w.missing) > 0 && w.missing[len(w.missing)-1].to.IsZero()
	switch {
	case ready < members && !open:
		w.missing = append(w.missing, span{from: now})
	case ready >= members && open:
		w.missing[len(w.missing)-1].to = now
	}
	lost := ready < members-1
	if lost && !w.were {
		w.two++
	}
	w.were = lost
}

// strikes notes that the play takes a member out, and heals that it is ready again.
func (w *watcher) strikes(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.struck = append(w.struck, span{from: at})
}

func (w *watcher) heals(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.struck); n > 0 && w.struck[n-1].to.IsZero() {
		w.struck[n-1].to = at
	}
}

// taken are Evenkeel's steps so far.
func (w *watcher) taken() (steps []Step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for s := range w.steps {
		steps = append(steps, s)
	}
	return steps
}

// moves are the times at which Evenkeel had etcd's leader moved.
func (w *watcher) moves() (at []time.Time) {
	for _, s := range w.taken() {
		if s.Kind == "MoveLeader" {
			at = append(at, s.At)
		}
	}
	return at
}

// judge adds to the outcome what Evenkeel did to etcd while a member was missing, and how
// often two were.
func (w *watcher) judge(out *Outcome) {
	restarts := w.restarts()
	w.mu.Lock()
	defer w.mu.Unlock()
	var steps []Step
	for s := range w.steps {
		s.Restarts = s.Kind == "ResizePod" && restarts
		steps = append(steps, s)
	}
	out.Steps, out.Risked = whileDown(slices.Concat(w.struck, w.missing), steps)
	out.QuorumLost, out.Looks = w.two, w.looks
}

// restarts is true where a resize restarts the members' containers, or where that is not
// known.
func (w *watcher) restarts() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	pods, err := w.host.CoreV1().Pods(stage.TenantNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=etcd"})
	if err != nil {
		return true
	}
	for i := range pods.Items {
		for _, c := range pods.Items[i].Spec.Containers {
			for _, policy := range c.ResizePolicy {
				if policy.RestartPolicy == corev1.RestartContainer {
					return true
				}
			}
		}
	}
	return false
}
