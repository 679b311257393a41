// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/evenkeel/bench/growth"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

type growthFlags struct {
	json, assets string
	nodes        int
	rate         float64
	hold         time.Duration
	without      bool
}

// newGrowth has a tenant grow while Evenkeel resizes it, and with small sizes beside it.
func newGrowth() *cobra.Command {
	var f growthFlags
	c := &cobra.Command{
		Use:   "growth",
		Short: "Have a tenant grow to thousands of nodes: with small sizes, and while Evenkeel resizes it in place",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return f.run(c.Context()) },
	}
	assetsFlag(c, &f.assets)
	c.Flags().StringVar(&f.json, "json", "", "write the report as JSON to this file")
	c.Flags().IntVar(&f.nodes, "nodes", 2000, "how many nodes the tenant grows to")
	c.Flags().Float64Var(&f.rate, "rate", 4, "how many nodes join a second")
	c.Flags().DurationVar(&f.hold, "hold", 60*time.Second, "how long it is watched after the last node")
	c.Flags().BoolVar(&f.without, "no-static", false, "leave out the play with small sizes")
	return c
}

func (f growthFlags) run(ctx context.Context) error {
	root, err := repository()
	if err != nil {
		return err
	}
	unlock, err := lock(runDir(root) + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	b, err := servers.Ensure(ctx, servers.Options{Root: root, Cache: cache(root), Assets: f.assets, MetricsServer: true, Evenkeel: true, Progress: tell})
	if err != nil {
		return err
	}
	began := time.Now()
	o := growth.Options{
		Root: root, Dir: runDir(root), Binaries: b, Nodes: f.nodes, Rate: f.rate, Hold: f.hold,
		Logf: clocked(began),
	}
	r := report.New(ctx, "bench-growth", root)
	if !f.without {
		tell("with small sizes")
		out, err := growth.Static(ctx, o)
		if err != nil {
			return fmt.Errorf("growing with small sizes: %w", err)
		}
		growth.Record(r, growth.ByStatic, out, f.nodes)
	}
	tell("while Evenkeel resizes")
	out, err := growth.Evenkeel(ctx, o)
	if err != nil {
		return fmt.Errorf("growing while Evenkeel resizes: %w", err)
	}
	growth.Record(r, growth.ByEvenkeel, out, f.nodes)
	r.Add("growth.seconds", report.UnitSeconds, time.Since(began).Seconds())
	fmt.Print(growth.Table(r).Text())
	if f.json == "" {
		return nil
	}
	return r.WriteFile(f.json)
}
