// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command limiter compares Evenkeel's load line with the concurrency limiter of a
// library, on simulated plants of which the best limit is known. It is a module of its
// own: what it compares with must not reach the product.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"testing/synctest"

	"evenkeel.dev/evenkeel/bench/report"
)

func main() {
	json := flag.String("json", "", "write the report as JSON to this file")
	runs := flag.Int("runs", 3, "how often each plant is played, each time with other requests")
	flag.Parse()
	// The library reads the clock itself. In a bubble of testing/synctest half an hour of
	// its time takes seconds, and how busy this machine is changes nothing; bubbles are
	// to be had in a test alone.
	testing.Main(
		func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "limiter", F: func(t *testing.T) {
			if err := run(t, *json, max(*runs, 1)); err != nil {
				fmt.Fprintln(os.Stderr, "limiter:", err)
				os.Exit(1)
			}
			os.Exit(0) // before the test says PASS below the table
		}}}, nil, nil)
}

func run(t *testing.T, json string, runs int) error {
	r := report.New(context.Background(), "bench-limiter", ".")
	measure(t, r, runs)
	fmt.Print(table(r).Text())
	if json == "" {
		return nil
	}
	return r.WriteFile(json)
}

// measure has both limiters play all plants, as many at a time as there are cores.
func measure(t *testing.T, r *report.Report, runs int) {
	verdicts := map[string][]verdict{}
	for _, p := range plants() {
		for _, l := range titles {
			verdicts[name(p.name, l.name, "")] = make([]verdict, runs)
		}
	}
	// The group is done when all that run in it at once are.
	t.Run("plants", func(t *testing.T) {
		for _, p := range plants() {
			for _, l := range titles {
				for i := range runs {
					t.Run(name(p.name, l.name, ""), func(t *testing.T) {
						t.Parallel()
						verdicts[name(p.name, l.name, "")][i] = judge(playFor(t, p, l.name, uint64(i)), p.best()) //nolint:gosec // a count of runs
					})
				}
			}
		}
	})
	for _, p := range plants() {
		for _, l := range titles {
			add(r, p.name, l.name, verdicts[name(p.name, l.name, "")])
		}
	}
}

// playFor plays a plant under the limiter of this name.
func playFor(t *testing.T, p plant, limiter string, seed uint64) (seconds []second) {
	t.Helper()
	if limiter == "evenkeel" {
		return play(p, newFinder(), seed, loadFor)
	}
	synctest.Test(t, func(*testing.T) { seconds = play(p, newFailsafe(), seed, loadFor) })
	return seconds
}
