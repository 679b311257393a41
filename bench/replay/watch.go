// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/bench/scale/turns"
)

// watch follows a plant from outside.
type watch struct {
	replicas turns.Follow
	// sizes are those of each replica, its CPU and its memory, in the order in which they
	// came.
	sizes []*turns.Follow
	of    map[string]*turns.Follow
	out   turns.Replay
}

func newWatch() *watch {
	return &watch{replicas: turns.Follow{What: "replicas"}, of: map[string]*turns.Follow{}}
}

// see takes one tick.
func (w *watch) see(at time.Duration, demand float64, p *plant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.replicas.See(at, float64(p.wanted))
	size := 0.0
	for _, r := range p.replicas {
		size = max(size, r.size.CPU)
		if r.size == p.template && r.born.After(p.began) {
			continue // as it was made: to become like the others is no change of mind
		}
		w.size(r.name+" cpu").See(at, r.size.CPU)
		w.size(r.name+" memory").See(at, r.size.Memory)
	}
	if at < 0 {
		return
	}
	w.out.Most = max(w.out.Most, p.wanted)
	if w.out.Least == 0 || p.wanted < w.out.Least {
		w.out.Least = p.wanted
	}
	short := false
	for _, r := range p.replicas {
		w.out.CoreHours += r.size.CPU * tick.Hours()
		w.out.UsedCoreHours += r.uses * tick.Hours()
		short = short || r.ready && r.asks > r.inForce.CPU
	}
	if short {
		w.out.ShortMinutes += tick.Minutes()
	}
	if at%course == 0 {
		w.out.Course = append(w.out.Course, turns.Point{Demand: demand, Replicas: p.wanted, Size: size})
	}
}

func (w *watch) size(name string) *turns.Follow {
	f := w.of[name]
	if f == nil {
		f = &turns.Follow{What: name}
		w.of[name] = f
		w.sizes = append(w.sizes, f)
	}
	return f
}

// judge counts what has been seen since the day began. A change before that counts where
// one in it takes it back.
func (w *watch) judge() turns.Replay {
	out := w.out
	changes := func(f *turns.Follow) (n int) {
		for _, c := range f.Changes {
			if c.At >= 0 {
				n++
			}
		}
		return n
	}
	out.Replicas = today(w.replicas.Within(turns.Replicas))
	out.ReplicaChanges, out.Directions = changes(&w.replicas), w.replicas.Directions()
	for _, f := range w.sizes {
		out.SizeChanges += changes(f)
	}
	out.Sizes = append(w.together("cpu"), w.together("memory")...)
	return out
}

func today(all []turns.Turn) []turns.Turn {
	return slices.DeleteFunc(all, func(t turns.Turn) bool { return t.Back.At < 0 })
}

// follow is how far apart replicas are resized that follow one decision.
const follow = 2 * time.Minute

// together are the turns of all replicas' sizes of one kind. Replicas are resized one
// after the other, and what is one decision counts once.
func (w *watch) together(kind string) (all []turns.Turn) {
	var each []turns.Turn
	for _, f := range w.sizes {
		if strings.HasSuffix(f.What, " "+kind) {
			each = append(each, today(f.Within(turns.Sizes))...)
		}
	}
	slices.SortStableFunc(each, func(a, b turns.Turn) int { return cmp.Compare(a.Back.At, b.Back.At) })
	for _, t := range each {
		i := len(all) - 1
		if i >= 0 && t.Back.At-all[i].Back.At < follow && t.Back.Up() == all[i].Back.Up() {
			continue
		}
		all = append(all, t)
	}
	return all
}
