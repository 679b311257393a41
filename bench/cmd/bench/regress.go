// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/evenkeel/bench/regress"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// healthyRollouts is how many are simulated.
const healthyRollouts = 1000

type regressFlags struct {
	json, assets string
	only         []string
	healthy      int
}

// newRegress injects regressions into rollouts; it is the second half of `bench faults`.
func newRegress() *cobra.Command {
	var f regressFlags
	c := &cobra.Command{
		Use:   "regress",
		Short: "Inject regressions into rollouts of Evenkeel's, and simulate healthy ones: the second half of faults alone",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return f.run(c.Context()) },
	}
	assetsFlag(c, &f.assets)
	c.Flags().StringVar(&f.json, "json", "", "write the report as JSON to this file")
	c.Flags().StringSliceVar(&f.only, "only", nil, fmt.Sprintf("play these regressions only, of %v", regress.Names()))
	c.Flags().IntVar(&f.healthy, "healthy", healthyRollouts, "how many healthy rollouts are simulated")
	return c
}

func (f regressFlags) run(ctx context.Context) error {
	root, err := repository()
	if err != nil {
		return err
	}
	unlock, err := lock(runDir(root) + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	b, err := servers.Ensure(ctx, servers.Options{
		Root: root, Cache: cache(root), Assets: f.assets, MetricsServer: true, Evenkeel: true, SlowEtcd: true, Progress: tell,
	})
	if err != nil {
		return err
	}
	r := report.New(ctx, "bench-regress", root)
	table, err := f.play(ctx, root, b, r)
	fmt.Print(table)
	if err != nil {
		return err
	}
	if f.json != "" {
		return r.WriteFile(f.json)
	}
	return nil
}

// play plays all of it and puts it into a report; what it returns is for people.
func (f regressFlags) play(ctx context.Context, root string, b servers.Binaries, r *report.Report) (string, error) {
	began := time.Now()
	cases, err := regress.Play(ctx, regress.Options{
		Root: root, Dir: runDir(root), Binaries: b, Only: f.only,
		Logf: func(format string, args ...any) {
			tell(fmt.Sprintf("%4.0f s  ", time.Since(began).Seconds()) + fmt.Sprintf(format, args...))
		},
	})
	regress.Record(r, cases)
	text := regress.Table(cases).Text()
	if err != nil {
		return text, fmt.Errorf("injecting regressions: %w", err)
	}
	tell(fmt.Sprintf("simulating %d healthy rollouts", f.healthy))
	healthy, err := regress.PlayHealthy(ctx, f.healthy)
	if err != nil {
		return text, fmt.Errorf("simulating healthy rollouts: %w", err)
	}
	regress.RecordHealthy(r, healthy)
	text += fmt.Sprintf("%d of %d healthy rollouts (%d steps) were stopped\n", len(healthy.Aborted), healthy.Rollouts, healthy.Steps)
	return text, nil
}
