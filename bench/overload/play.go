// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/load/swarm"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/scenario"
)

const (
	// peace is how long the victims are left in peace between two loads, and calmFloor
	// what counts as quick whatever they did in quiet.
	peace     = 3 * time.Second
	calmFloor = 50 * time.Millisecond
)

// loose is a load at work.
type loose struct {
	load  swarm.Load
	began time.Time
	// end ends it; of no effect the second time.
	end func()
}

// let lets a scenario's load loose, and makes the disks slow where it says so.
func (r *run) let(ctx context.Context, s *scenario.Overload, l scenario.LoadSpec) (*loose, error) {
	prepared, err := r.prepare(ctx, l)
	if err != nil {
		return nil, err
	}
	if err := r.stage.Tenant.DelayFsync(s.FsyncDelay.Duration); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		prepared.Run(ctx)
	}()
	r.follow.note("the load is on")
	r.state.loose(prepared.Classes())
	return &loose{load: prepared, began: time.Now(), end: sync.OnceFunc(func() {
		cancel()
		<-done
		if err := r.stage.Tenant.DelayFsync(0); err != nil {
			r.Screen.Logf("%v", err)
		}
		r.state.loose(nil)
		r.follow.note("the load is off")
	})}, nil
}

// goodput is the work served in time in a window, of load and victims together.
func (r *run) goodput(l swarm.Load, w window) float64 {
	classes := l.Classes()
	for _, recorder := range r.victims.Recorders() {
		classes = append(slices.Clip(classes), &swarm.Class{SLO: swarm.SLOObject, Work: 1, Recorder: recorder})
	}
	return swarm.Goodput(w.from, w.to, classes...)
}

// overload plays one scenario from start to end.
func (r *run) overload(ctx context.Context, s *scenario.Overload) error {
	if err := r.recommend(ctx); err != nil {
		return err
	}
	r.state.phase(s.Name, "storing what the load reads", 0)
	if err := r.objects(ctx, *s.Load); err != nil {
		return err
	}
	if err := r.quiet(ctx, s); err != nil {
		return err
	}
	if err := r.byDefault(ctx, s); err != nil {
		return fmt.Errorf("by default: %w", err)
	}
	if !r.NoSweep {
		if err := r.sweep(ctx, s); err != nil {
			return fmt.Errorf("sweeping the line by hand: %w", err)
		}
	}
	if err := r.underEvenkeel(ctx, s); err != nil {
		return fmt.Errorf("under Evenkeel: %w", err)
	}
	return r.recommend(ctx)
}

// quiet measures the victims while nothing else goes on.
func (r *run) quiet(ctx context.Context, s *scenario.Overload) error {
	w, err := r.measure(ctx, s.Name, "quiet", s.Phases.Quiet.Duration)
	if err != nil {
		return err
	}
	r.calm = r.stats(w).P99
	r.addVictims(report.Overload(s.Name, report.Quiet), w)
	return nil
}

// byDefault measures the load with upstream's defaults.
func (r *run) byDefault(ctx context.Context, s *scenario.Overload) error {
	l, err := r.let(ctx, s, *s.Load)
	if err != nil {
		return err
	}
	defer l.end()
	disks, _ := r.syncs(ctx) // not every figure hangs on it
	if _, err := r.measure(ctx, s.Name, "default: the load grows", s.Phases.Saturate.Duration); err != nil {
		return err
	}
	w, err := r.measure(ctx, s.Name, "default", s.Phases.Default.Duration)
	if err != nil {
		return err
	}
	if s.FsyncDelay.Duration > 0 {
		if after, err := r.syncs(ctx); err == nil {
			r.report.Add(report.Overload(s.Name, report.Fsync), "ms", after.mean(disks))
		}
	}
	l.end()
	recovered, err := r.recover(ctx, s)
	if err != nil {
		return err
	}
	name := report.Overload(s.Name, report.Default)
	r.report.Add(name+".recover_seconds", "s", recovered.Seconds())
	r.addPhase(name, l.load, w)
	return nil
}

// addPhase puts what was served in a window into the report. The window's requests have
// had the time to end.
func (r *run) addPhase(name string, l swarm.Load, w window) {
	r.addVictims(name, w)
	r.report.Add(name+"."+report.Goodput, "/s", r.goodput(l, w))
	r.report.Add(name+".rejected", "", float64(swarm.Rejected(w.from, w.to, l.Classes()...)))
	for _, c := range l.Classes() {
		s := c.Recorder.Window(w.from, w.to)
		r.report.Add(name+"."+c.Name+"_served", "/s", float64(c.Recorder.Served(w.from, w.to, c.SLO))/w.to.Sub(w.from).Seconds())
		if s.P99 > 0 {
			r.report.Add(name+"."+c.Name+"_p99_ms", "ms", milliseconds(s.P99))
		}
	}
}

func (r *run) addVictims(name string, w window) {
	s := r.stats(w)
	if s.P99 == 0 {
		r.report.Miss(name+"."+report.P99, fmt.Sprintf("no victim was answered: %d failed, %d rejected, %d wait", s.Failed, s.Rejected, s.Pending))
	} else {
		r.report.Add(name+"."+report.P99, "ms", milliseconds(s.P99))
		r.report.Add(name+"."+report.P50, "ms", milliseconds(s.P50))
	}
	r.report.Add(name+"."+report.Failed, "", float64(s.Failed+s.Rejected+s.Pending))
}

// measure lets a part of the run go by and returns when it was.
func (r *run) measure(ctx context.Context, name, phase string, d time.Duration) (window, error) {
	r.state.phase(name, phase, d)
	r.follow.note("%s: %s for %s", name, phase, d)
	from := time.Now()
	err := await.Pass(ctx, d)
	return window{from, time.Now()}, err
}

// recover waits until the victims are as quick as in quiet, and says how long that
// took. What takes longer than a scenario allows is given as that.
func (r *run) recover(ctx context.Context, s *scenario.Overload) (time.Duration, error) {
	r.state.phase(s.Name, "calm", s.Phases.Calm.Duration)
	from := time.Now()
	quick := max(2*r.calm, calmFloor)
	for time.Since(from) < s.Phases.Calm.Duration {
		if err := await.Pass(ctx, 500*time.Millisecond); err != nil {
			return 0, err
		}
		if last := r.victims.Live(2 * time.Second); last.P99 <= quick && last.Pending < 3 && last.Failed+last.Rejected == 0 {
			took := time.Since(from)
			return took, await.Pass(ctx, peace)
		}
	}
	return time.Since(from), nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
