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

	"evenkeel.dev/evenkeel/bench/profile"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// profileFlags are what a person may choose.
type profileFlags struct {
	assets, json, csv, record, from, revision string
	write                                     bool
	nodes                                     int
	window                                    time.Duration
}

// newProfile measures what control planes need for what they carry.
func newProfile() *cobra.Command {
	var f profileFlags
	c := &cobra.Command{
		Use:   "profile",
		Short: "Measure what real apiservers and etcds need as a tenant grows, and fit the curves of a ResourceProfile",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return f.run(c.Context()) },
	}
	assetsFlag(c, &f.assets)
	c.Flags().DurationVar(&f.window, "window", 45*time.Second, "how long each stage is measured, from 10s")
	c.Flags().IntVar(&f.nodes, "nodes", 2000, "leave out the stages with more nodes")
	c.Flags().StringVar(&f.json, "json", "", "write the report as JSON to this file")
	c.Flags().StringVar(&f.csv, "csv", "", "write the measured points as CSV to this file")
	c.Flags().StringVar(&f.record, "record", "", "write the run's course, minute by minute, to growth-*.csv in this folder, with list storms and restarts after the last stage")
	c.Flags().StringVar(&f.from, "from", "", "do not measure: fit the points in this file, as --csv wrote it")
	c.Flags().StringVar(&f.revision, "revision", time.Now().Format("2006-01"), "name of the profile's revision")
	c.Flags().BoolVar(&f.write, "write", false, "write docs/profile.md, docs/profile.csv and manifests/profiles/standard.yaml of this checkout")
	return c
}

func (f profileFlags) run(ctx context.Context) error {
	if f.window < 10*time.Second {
		return fmt.Errorf("--window must be 10s or more, and is %s", f.window)
	}
	root, err := repository()
	if err != nil {
		return err
	}
	began := time.Now()
	points, err := f.points(ctx, root)
	if err != nil {
		return err
	}
	fits, err := profile.FitAll(points)
	if err != nil {
		return err
	}
	recording := f.record
	if recording == "" {
		recording = filepath.Join(root, "bench", "sizing", "recordings")
	}
	if err := profile.AddPeaks(fits, recording); err != nil {
		return err
	}
	r := report.New(ctx, "bench-profile", root)
	profile.Record(r, points, fits)
	if f.from == "" {
		r.Add("profile.seconds", report.UnitSeconds, time.Since(began).Seconds())
	}
	fmt.Println()
	fmt.Print(profile.Text(points, fits))
	if f.json != "" {
		err = r.WriteFile(f.json)
	}
	if f.write {
		err = errors.Join(err, f.ship(root, points, fits, r.Machine))
	}
	return err
}

// points measures, or reads what was measured.
func (f profileFlags) points(ctx context.Context, root string) ([]profile.Point, error) {
	if f.from != "" {
		return profile.ReadPoints(f.from)
	}
	unlock, err := lock(runDir(root) + ".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	b, err := servers.Ensure(ctx, servers.Options{Root: root, Cache: cache(root), Assets: f.assets, Progress: tell})
	if err != nil {
		return nil, err
	}
	began := time.Now()
	points, rec, err := profile.Play(ctx, profile.Options{
		Dir: runDir(root), Binaries: b, Window: f.window, Nodes: f.nodes, Live: f.record != "",
		Logf: clocked(began),
	})
	if f.csv != "" {
		err = errors.Join(err, profile.WritePoints(f.csv, points))
	}
	if f.record != "" {
		err = errors.Join(err, rec.Write(f.record))
	}
	return points, err
}

// ship writes what is shipped.
func (f profileFlags) ship(root string, points []profile.Point, fits []profile.Fitted, m report.Machine) error {
	manifest, err := profile.Manifest(f.revision, points, fits)
	if err != nil {
		return err
	}
	folder := filepath.Join(root, "manifests", "profiles")
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // a folder of the checkout
		return fmt.Errorf("making the folder for profiles: %w", err)
	}
	write := func(path, text string) error {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // a file of the checkout
			return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
		}
		return nil
	}
	return errors.Join(
		write(filepath.Join(folder, "standard.yaml"), manifest),
		write(filepath.Join(root, "docs", "profile.md"), profile.Markdown(points, fits, f.window, m)),
		profile.WritePoints(filepath.Join(root, "docs", "profile.csv"), points),
	)
}
