// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/scale"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

type scaleFlags struct {
	json, assets, replay, only string
	rate                       float64
	warm, hold                 time.Duration
	skipReplay                 bool
}

// newScale has a tenant's load grow at once, and replays days.
func newScale() *cobra.Command {
	var f scaleFlags
	c := &cobra.Command{
		Use:   "scale",
		Short: "Load a tenant four times as much at once, and replay days: with an autoscaler alone, and under Evenkeel",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return f.run(c.Context()) },
	}
	assetsFlag(c, &f.assets)
	c.Flags().StringVar(&f.json, "json", "", "write the report as JSON to this file")
	c.Flags().StringVar(&f.replay, "replay", "", "the binary of the replay, which `make bench-scale` builds")
	c.Flags().BoolVar(&f.skipReplay, "skip-replay", false, "leave the replays out")
	c.Flags().StringVar(&f.only, "only", "", "play one of hpa and evenkeel alone, or none of them")
	c.Flags().Float64Var(&f.rate, "rate", 45, "the clients' requests a second before the step")
	c.Flags().DurationVar(&f.warm, "warm", 90*time.Second, "how long it is before the step")
	c.Flags().DurationVar(&f.hold, "hold", 4*time.Minute, "how long it is after it")
	return c
}

// errOnly is a play that there is not.
var errOnly = errors.New("--only takes hpa, evenkeel or none")

// scalePlay is one play of the step.
type scalePlay struct {
	by, words string
	play      func(context.Context, scale.Options) (scale.Outcome, error)
}

func (f scaleFlags) run(ctx context.Context) error {
	plays := []scalePlay{
		{scale.ByHPA, "with the autoscaler alone", scale.HPA},
		{scale.ByEvenkeel, "under Evenkeel", scale.Evenkeel},
	}
	plays = slices.DeleteFunc(plays, func(p scalePlay) bool { return f.only != "" && f.only != p.by })
	if len(plays) == 0 && f.only != "none" {
		return errOnly
	}
	root, err := repository()
	if err != nil {
		return err
	}
	unlock, err := lock(runDir(root) + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	began := time.Now()
	r := report.New(ctx, "bench-scale", root)
	if err := f.replays(ctx, r); err != nil {
		return err
	}
	if err := f.steps(ctx, r, root, began, plays); err != nil {
		return err
	}
	r.Add("scale.seconds", report.UnitSeconds, time.Since(began).Seconds())
	fmt.Print(scale.Table(r).Text())
	if f.json == "" {
		return nil
	}
	return r.WriteFile(f.json)
}

// replays plays days in a time of their own.
func (f scaleFlags) replays(ctx context.Context, r *report.Report) error {
	if f.skipReplay || f.replay == "" {
		r.Miss("scale.oscillations", "the replays were left out")
		return nil
	}
	tell("replaying days of 2 and of 24 hours with upstream's autoscaler")
	seen, err := scale.Replay(ctx, f.replay)
	if err != nil {
		return err
	}
	scale.RecordReplays(r, seen)
	return nil
}

// steps plays the step.
func (f scaleFlags) steps(ctx context.Context, r *report.Report, root string, began time.Time, plays []scalePlay) error {
	if len(plays) == 0 {
		return nil
	}
	evenkeel := slices.ContainsFunc(plays, func(p scalePlay) bool { return p.by == scale.ByEvenkeel })
	b, err := servers.Ensure(ctx, servers.Options{Root: root, Cache: cache(root), Assets: f.assets, MetricsServer: true, Evenkeel: evenkeel, Progress: tell})
	if err != nil {
		return err
	}
	o := scale.Options{
		Root: root, Dir: runDir(root), Binaries: b, Rate: f.rate, Warm: f.warm, Hold: f.hold,
		Logf: clocked(began),
	}
	for _, p := range plays {
		tell(p.words)
		out, err := p.play(ctx, o)
		if err != nil {
			return fmt.Errorf("playing the step %s: %w", p.words, err)
		}
		for _, d := range out.Decisions {
			tell("  " + d)
		}
		scale.Record(r, p.by, out)
	}
	return nil
}
