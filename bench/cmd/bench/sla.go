// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/evenkeel/bench/outage"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

type slaFlags struct {
	json, markdown, assets string
	rules, panels, paint   string
	outages                int
	dead                   time.Duration
	seed                   uint64
}

// newSLA measures what people have of the SLA: pages, ledger, dashboards.
func newSLA() *cobra.Command {
	var f slaFlags
	c := &cobra.Command{
		Use:   "sla",
		Short: "Play total outages under Evenkeel's probes, ledger and rules",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return f.run(c.Context()) },
	}
	assetsFlag(c, &f.assets)
	c.Flags().StringVar(&f.json, "json", "", "write the report as JSON to this file")
	c.Flags().StringVar(&f.markdown, "markdown", "", "write the tables as Markdown to this file")
	c.Flags().StringVar(&f.rules, "rules", "", "the command that holds the rules against simulated failures; empty leaves them out")
	c.Flags().StringVar(&f.panels, "panels", "", "the command that asks a Prometheus for every panel; empty leaves them out")
	c.Flags().StringVar(&f.paint, "paint", "", "the dashboard's test binary, which measures the first paint of the fleet's page; empty leaves it out")
	c.Flags().IntVar(&f.outages, "outages", 10, "how many total outages are played")
	c.Flags().DurationVar(&f.dead, "dead", time.Hour, "for how long the tenant is dead in the end; 0 leaves that out")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "what the times of the outages follow from")
	return c
}

func (f slaFlags) run(ctx context.Context) error {
	root, err := repository()
	if err != nil {
		return err
	}
	unlock, err := lock(runDir(root) + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	b, err := servers.Ensure(ctx, servers.Options{Root: root, Cache: cache(root), Assets: f.assets, MetricsServer: true, Evenkeel: true, Prometheus: true, Progress: tell})
	if err != nil {
		return err
	}
	began := time.Now()
	r := report.New(ctx, "bench-sla", root)
	if f.paint != "" {
		paint(ctx, r, f.paint)
	}
	if f.rules != "" {
		tell("holding the rules against simulated failures")
		if err := adopt(ctx, r, f.rules); err != nil {
			return err
		}
	}
	if f.outages > 0 || f.dead > 0 {
		out, err := outage.Play(ctx, outage.Options{
			Root: root, Dir: runDir(root), Binaries: b, Outages: f.outages, Dead: f.dead, Seed: f.seed, Panels: f.ask(), Logf: clocked(began),
		})
		if err != nil {
			return fmt.Errorf("playing outages: %w", err)
		}
		outage.Record(r, out)
		for _, e := range out.Empty {
			tell("empty: " + e)
		}
	}
	r.Add("sla.seconds", report.UnitSeconds, time.Since(began).Seconds())
	return f.show(r)
}

// adopt runs a command that measures by itself and takes over its figures.
func adopt(ctx context.Context, r *report.Report, path string) error {
	dir, err := os.MkdirTemp("", "bench-sla-")
	if err != nil {
		return fmt.Errorf("making a folder for the figures of %s: %w", path, err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "figures.json")
	c := exec.CommandContext(ctx, path, "--json", file) //nolint:gosec // a command that the Makefile has built
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("running %s: %w", path, err)
	}
	other, err := report.ReadFile(file)
	if err != nil {
		return err
	}
	for _, one := range other.Figures {
		r.Adopt(one)
	}
	for _, one := range other.Missing {
		r.Miss(one.Name, one.Why)
	}
	return nil
}

// paint has a browser paint the fleet's page, by the dashboard's own test, and says at once
// when it does not: what follows takes two hours.
func paint(ctx context.Context, r *report.Report, path string) {
	tell("painting the fleet's page")
	took, err := firstPaint(ctx, path)
	if err != nil {
		tell("no " + report.WebPaint + ": " + err.Error())
		r.Miss(report.WebPaint, err.Error())
		return
	}
	r.Add(report.WebPaint, report.UnitMilliseconds, took)
}

// firstPaint is what the test binary at path measures, in milliseconds.
func firstPaint(ctx context.Context, path string) (float64, error) {
	dir, err := os.MkdirTemp("", "bench-paint-")
	if err != nil {
		return 0, fmt.Errorf("making a folder for the first paint: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path, err = filepath.Abs(path) // for it runs in a folder of its own
	if err != nil {
		return 0, fmt.Errorf("finding the dashboard's test: %w", err)
	}
	file := filepath.Join(dir, "figures.json")
	c := exec.CommandContext(ctx, path, "-test.run", "FirstPaint")
	c.Env, c.Dir = append(os.Environ(), "EVENKEEL_FIGURES="+file), dir
	if out, err := c.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("the dashboard's test of its first paint: %w: %.300s", err, out)
	}
	raw, err := os.ReadFile(file) //nolint:gosec // a file of our own
	if errors.Is(err, os.ErrNotExist) {
		return 0, errors.New("there is no Chromium: install it, or name one in EVENKEEL_CHROMIUM")
	}
	figures := map[string]float64{}
	if err == nil {
		err = json.Unmarshal(raw, &figures)
	}
	if err != nil {
		return 0, fmt.Errorf("reading the first paint: %w", err)
	}
	took, ok := figures[report.WebPaint]
	if !ok {
		return 0, fmt.Errorf("the dashboard's test of its first paint wrote no %s", report.WebPaint)
	}
	return took, nil
}

// ask is what asks a Prometheus for all panels; nil where that is left out.
func (f slaFlags) ask() func(ctx context.Context, url string) (int, []string, error) {
	if f.panels == "" {
		return nil
	}
	return func(ctx context.Context, url string) (int, []string, error) {
		file := filepath.Join(os.TempDir(), fmt.Sprintf("panels-%d.json", os.Getpid()))
		defer func() { _ = os.Remove(file) }()
		raw, err := exec.CommandContext(ctx, f.panels, "--url", url, "--json", file).CombinedOutput() //nolint:gosec // a command that the Makefile has built
		if err != nil {
			return 0, nil, fmt.Errorf("asking for the panels: %w: %s", err, raw)
		}
		written, err := os.ReadFile(file) //nolint:gosec // a file of our own
		if err != nil {
			return 0, nil, fmt.Errorf("reading what panels gave: %w", err)
		}
		var seen struct {
			Expressions int               `json:"expressions"`
			Empty       []json.RawMessage `json:"empty"`
		}
		if err := json.Unmarshal(written, &seen); err != nil {
			return 0, nil, fmt.Errorf("reading what panels gave: %w", err)
		}
		if seen.Expressions == 0 {
			return 0, nil, errors.New("reading what panels gave: there are no expressions")
		}
		var empty []string
		for _, e := range seen.Empty {
			empty = append(empty, string(e))
		}
		return seen.Expressions, empty, nil
	}
}

func (f slaFlags) show(r *report.Report) error {
	result := report.NewSLA(r)
	fmt.Print(result.Text())
	if f.markdown != "" {
		if err := os.WriteFile(f.markdown, []byte(result.Markdown()), 0o600); err != nil {
			return fmt.Errorf("writing the tables: %w", err)
		}
	}
	if f.json == "" {
		return nil
	}
	return r.WriteFile(f.json)
}
