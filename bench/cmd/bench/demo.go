// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/evenkeel/bench/demo"
	"evenkeel.dev/evenkeel/bench/live"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/scenario"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// demoFlags are what a person may choose.
type demoFlags struct {
	assets, scenario, json, markdown, picture string
	storms                                    int
	keep                                      bool
}

// newDemo plays a storm and judges it.
func newDemo() *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Play a LIST storm on a real hosted control plane, by default and under Evenkeel",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return playDemo(c.Context(), f) },
	}
	assetsFlag(c, &f.assets)
	c.Flags().StringVar(&f.scenario, "scenario", "bench/scenarios/list-storm.yaml", "the scenario to play")
	c.Flags().StringVar(&f.json, "json", "", "write the report as JSON to this file")
	c.Flags().StringVar(&f.markdown, "markdown", "", "write the tables as Markdown to this file")
	c.Flags().StringVar(&f.picture, "picture", "", "draw the run as SVG to this file")
	c.Flags().IntVar(&f.storms, "storms", 0, "how many storms to play in Enforce (default: what the scenario says)")
	c.Flags().BoolVar(&f.keep, "keep", false, "leave everything running and print the kubeconfigs")
	return c
}

func playDemo(ctx context.Context, f demoFlags) error {
	began := time.Now()
	root, err := repository()
	if err != nil {
		return err
	}
	s, err := scenario.Load(f.scenario)
	if err != nil {
		return err
	}
	if f.storms > 0 {
		s.Storms = f.storms
	}
	screen := live.NewScreen(os.Stdout)
	b, cold, err := build(ctx, root, f.assets, screen)
	if err != nil {
		return err
	}
	dir := runDir(root)
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	r, err := demo.Play(ctx, demo.Options{
		Root: root, Dir: dir, Scenario: s, Binaries: b, Began: began, Cold: cold,
		Picture: f.picture, Keep: f.keep, Screen: screen,
	})
	return errors.Join(err, f.write(r), judge(r, err))
}

// build makes sure of the binaries; cold is true when upstream servers had to be
// built for it.
func build(ctx context.Context, root, assets string, screen *live.Screen) (b servers.Binaries, cold bool, err error) {
	_, missing := os.Stat(filepath.Join(cache(root), "kube-apiserver"))
	b, err = servers.Ensure(ctx, servers.Options{
		Root: root, Cache: cache(root), Assets: assets, Evenkeel: true, Progress: screen.Println,
	})
	return b, missing != nil && assets == "", err
}

func (f demoFlags) write(r *report.Report) error {
	var problems []error
	if f.json != "" {
		problems = append(problems, r.WriteFile(f.json))
	}
	if f.markdown != "" {
		if err := os.WriteFile(f.markdown, []byte(report.NewDemo(r).Markdown()), 0o600); err != nil {
			problems = append(problems, fmt.Errorf("writing the tables: %w", err))
		}
	}
	return errors.Join(problems...)
}

// judge prints the tables of a run, and is an error where protection failed: a
// bar that only says how well it worked is printed and left at that, because
// shared machines are noisy.
func judge(r *report.Report, played error) error {
	whole := played == nil
	if !whole && len(r.Figures) == 0 {
		return nil
	}
	d := report.NewDemo(r)
	fmt.Println()
	fmt.Print(d.Text())
	if !whole {
		return nil // the run's own error says it
	}
	for _, bar := range d.Unmet() {
		if bar.Protects {
			return fmt.Errorf("protection failed: %s is %s, wanted %s", bar.Title, bar.Measured, bar.Target)
		}
	}
	return nil
}
