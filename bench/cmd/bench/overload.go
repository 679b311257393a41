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
	"strings"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/evenkeel/bench/live"
	"evenkeel.dev/evenkeel/bench/overload"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/scenario"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// overloadFlags are what a person may choose.
type overloadFlags struct {
	assets, bed, json, markdown, log string
	only                             []string
	noSweep, strict                  bool
	stretch                          float64
}

// newOverload plays loads of which no single client is to blame.
func newOverload() *cobra.Command {
	var f overloadFlags
	c := &cobra.Command{
		Use:   "overload",
		Short: "Play loads without one to blame: by default, at lines held by hand, and under Evenkeel",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return playOverload(c.Context(), f) },
	}
	assetsFlag(c, &f.assets)
	c.Flags().StringVar(&f.bed, "bed", "bench/scenarios/overload/bed.yaml", "the tenant to play on; its scenarios are beside it")
	c.Flags().StringSliceVar(&f.only, "only", nil, "play these scenarios only, as in --only crowd,churn")
	c.Flags().BoolVar(&f.noSweep, "no-sweep", false, "leave out the load lines held by hand")
	c.Flags().Float64Var(&f.stretch, "stretch", 1, "make every measured part so many times as long, from 0.1 to 10")
	c.Flags().BoolVar(&f.strict, "strict", false, "fail where an aim is missed")
	c.Flags().StringVar(&f.json, "json", "", "write the report as JSON to this file")
	c.Flags().StringVar(&f.markdown, "markdown", "", "write the tables as Markdown to this file")
	c.Flags().StringVar(&f.log, "log", "", "write every move of the line and every decision with its evidence to this file")
	return c
}

func playOverload(ctx context.Context, f overloadFlags) error {
	began := time.Now()
	root, err := repository()
	if err != nil {
		return err
	}
	bed, err := f.load()
	if err != nil {
		return err
	}
	screen := live.NewScreen(os.Stdout)
	b, err := servers.Ensure(ctx, servers.Options{
		Root: root, Cache: cache(root), Assets: f.assets, Evenkeel: true, SlowEtcd: true, Progress: screen.Println,
	})
	if err != nil {
		return err
	}
	dir := runDir(root)
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	log := io.Discard
	if f.log != "" {
		file, err := os.Create(filepath.Clean(f.log))
		if err != nil {
			return fmt.Errorf("writing the log: %w", err)
		}
		defer func() { _ = file.Close() }()
		log = file
	}
	r, err := overload.Play(ctx, overload.Options{
		Root: root, Dir: dir, Bed: bed, Binaries: b, Began: began, NoSweep: f.noSweep, Screen: screen, Log: log,
	})
	return errors.Join(err, f.write(r), f.judge(r))
}

// load reads the bed with the scenarios that were asked for.
func (f overloadFlags) load() (*scenario.OverloadBed, error) {
	if f.stretch < 0.1 || f.stretch > 10 {
		return nil, fmt.Errorf("--stretch must be from 0.1 to 10, and is %v", f.stretch)
	}
	bed, err := scenario.LoadOverload(f.bed)
	if err != nil {
		return nil, err
	}
	bed.Stretch(f.stretch)
	if len(f.only) == 0 {
		return bed, nil
	}
	for _, name := range f.only {
		if !slices.Contains(bed.Scenarios, name) {
			return nil, fmt.Errorf("there is no scenario %q: there are %s", name, strings.Join(bed.Scenarios, ", "))
		}
	}
	bed.Played = slices.DeleteFunc(bed.Played, func(o *scenario.Overload) bool { return !slices.Contains(f.only, o.Name) })
	return bed, nil
}

func (f overloadFlags) write(r *report.Report) error {
	var problems []error
	if f.json != "" {
		problems = append(problems, r.WriteFile(f.json))
	}
	if f.markdown != "" {
		if err := os.WriteFile(f.markdown, []byte(report.NewOverload(r).Markdown()), 0o600); err != nil {
			problems = append(problems, fmt.Errorf("writing the tables: %w", err))
		}
	}
	return errors.Join(problems...)
}

// judge prints the tables. A missed aim is an error where that was asked for: shared
// machines are noisy.
func (f overloadFlags) judge(r *report.Report) error {
	if len(r.Figures) == 0 {
		return nil
	}
	result := report.NewOverload(r)
	fmt.Println()
	fmt.Print(result.Text())
	if unmet := result.Unmet(); f.strict && len(unmet) > 0 {
		return fmt.Errorf("%d of %d aims are missed, the first one: %s is %s, wanted %s",
			len(unmet), len(result.Bars), unmet[0].Title, unmet[0].Measured, unmet[0].Target)
	}
	return nil
}
