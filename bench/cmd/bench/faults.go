// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/evenkeel/bench/faults"
	"evenkeel.dev/evenkeel/bench/regress"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// healthyRollouts is how many are simulated.
const healthyRollouts = 1000

type faultFlags struct {
	json, markdown, log      string
	assets                   string
	only, skip, regressions  []string
	minutes, rate, writeRate float64
	writers                  int
	seed                     uint64
}

// newFaults kills what a control plane consists of, one after the other and at random.
func newFaults() *cobra.Command {
	var f faultFlags
	c := &cobra.Command{
		Use:   "faults",
		Short: "Kill zones, members, apiservers and Evenkeel itself under load, and have rollouts go wrong",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return f.run(c.Context()) },
	}
	assetsFlag(c, &f.assets)
	c.Flags().StringVar(&f.json, "json", "", "write the report as JSON to this file")
	c.Flags().StringVar(&f.markdown, "markdown", "", "write the tables as Markdown to this file")
	c.Flags().StringVar(&f.log, "log", "", "write every critical request that failed and every step of Evenkeel's to this file")
	c.Flags().StringSliceVar(&f.only, "only", nil, "play these faults only, as in --only member,apiserver")
	c.Flags().StringSliceVar(&f.skip, "skip", nil, "leave out faults, regressions or healthy")
	c.Flags().StringSliceVar(&f.regressions, "regressions", nil, fmt.Sprintf("inject these into rollouts only, of %v", regress.Names()))
	c.Flags().Float64Var(&f.minutes, "minutes", 30, "for how long faults are played at random, after each has been played once")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "what the random faults follow from")
	c.Flags().Float64Var(&f.rate, "rate", 150, "critical requests a second")
	c.Flags().IntVar(&f.writers, "writers", 6, "how many writers hold the control plane to what it acknowledges")
	c.Flags().Float64Var(&f.writeRate, "write-rate", 10, "writes a second of each writer, at most")
	return c
}

func (f faultFlags) run(ctx context.Context) error {
	only, err := faults.ParseKinds(f.only)
	if err != nil {
		return err
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
	b, err := servers.Ensure(ctx, servers.Options{Root: root, Cache: cache(root), Assets: f.assets, MetricsServer: true, Evenkeel: true, SlowEtcd: true, Progress: tell})
	if err != nil {
		return err
	}
	began := time.Now()
	r := report.New(ctx, "bench-faults", root)
	var rollouts string
	for _, part := range []struct {
		name string
		play func() error
	}{
		{"faults", func() error { return f.faults(ctx, root, b, r, only) }},
		{"regressions", func() (err error) { rollouts, err = f.regress(ctx, root, b, r); return err }},
		{"healthy", func() error { return f.healthy(ctx, r) }},
	} {
		if slices.Contains(f.skip, part.name) {
			continue
		}
		if err := part.play(); err != nil {
			return err
		}
	}
	r.Add("faults.seconds", report.UnitSeconds, time.Since(began).Seconds())
	err = f.show(r)
	fmt.Print(rollouts)
	return err
}

// faults plays what dies.
func (f faultFlags) faults(ctx context.Context, root string, b servers.Binaries, r *report.Report, only []faults.Kind) error {
	log := io.Discard
	if f.log != "" {
		file, err := os.Create(filepath.Clean(f.log))
		if err != nil {
			return fmt.Errorf("writing the log: %w", err)
		}
		defer func() { _ = file.Close() }()
		log = file
	}
	out, err := faults.Play(ctx, faults.Options{
		Root: root, Dir: runDir(root), Binaries: b, Only: only, Seed: f.seed,
		Random: time.Duration(f.minutes * float64(time.Minute)), Renewals: f.rate, Writers: f.writers, Writes: f.writeRate,
		Log: log, Logf: clocked(time.Now()),
	})
	if err != nil {
		return fmt.Errorf("playing faults: %w", err)
	}
	faults.Record(r, out, only)
	return nil
}

// regress plays what goes wrong during rollouts; what it returns is for people.
func (f faultFlags) regress(ctx context.Context, root string, b servers.Binaries, r *report.Report) (string, error) {
	cases, err := regress.Play(ctx, regress.Options{Root: root, Dir: runDir(root), Binaries: b, Only: f.regressions, Logf: clocked(time.Now())})
	regress.Record(r, cases)
	text := regress.Table(cases).Text()
	if err != nil {
		fmt.Print(text)
		return "", fmt.Errorf("injecting regressions: %w", err)
	}
	return text, nil
}

// healthy simulates rollouts in which nothing goes wrong.
func (faultFlags) healthy(ctx context.Context, r *report.Report) error {
	tell(fmt.Sprintf("simulating %d healthy rollouts", healthyRollouts))
	h, err := regress.PlayHealthy(ctx, healthyRollouts)
	if err != nil {
		return fmt.Errorf("simulating healthy rollouts: %w", err)
	}
	regress.RecordHealthy(r, h)
	for _, why := range h.Aborted {
		tell(why)
	}
	return nil
}

// show prints the report, and writes it where that was asked for.
func (f faultFlags) show(r *report.Report) error {
	result := report.NewFaults(r)
	fmt.Print(result.Text())
	var problems []error
	if f.json != "" {
		problems = append(problems, r.WriteFile(f.json))
	}
	if f.markdown != "" {
		if err := os.WriteFile(f.markdown, []byte(result.Markdown()), 0o600); err != nil {
			problems = append(problems, fmt.Errorf("writing the tables: %w", err))
		}
	}
	return errors.Join(problems...)
}
