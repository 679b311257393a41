// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command sizing compares Evenkeel's right-sizing with the upstream recommender of the
// VerticalPodAutoscaler, fed the same samples in the same run. It is a module of its own:
// what it compares with must not reach the product.
//
// Traces (trace.go, shapes.go) are a week of what control planes go through, made from
// seeds: what is carried, what follows from it by a curve at the tenant's own ratio of it
// (0.5 to 1.6), noise, and what happens besides. The shipped resource profile gives the
// curve; only Evenkeel is told what is carried, as it is the only one that can make use of
// it, and plays once more without. Two recordings (recording.go) are of real servers.
//
// Each minute (play.go) every player gets the same samples of three uneven replicas and
// says what they request from now on; upstream by its own recommender and the rules of its
// updater, in place. The limit of memory is the request here: a minute that uses more is a
// kill, which is told to the player, and the container is down for a back-off. The first
// day does not count.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"evenkeel.dev/evenkeel/bench/report"
)

func main() {
	json := flag.String("json", "", "write the report as JSON to this file")
	plot := flag.String("plot", "", "draw some of the traces to this SVG file")
	seeds := flag.Int("seeds", 10, "how many traces there are of each shape and component")
	fleets := flag.Bool("fleets", true, "measure what 1,000 control planes cost as well")
	profile := flag.String("profile", "manifests/profiles/standard.yaml", "the resource profile")
	flag.Parse()
	if err := run(*json, *plot, *profile, max(*seeds, 1), *fleets); err != nil {
		fmt.Fprintln(os.Stderr, "sizing:", err)
		os.Exit(1)
	}
}

func run(json, plot, profile string, seeds int, fleets bool) error {
	p, err := loadProfile(profile)
	if err != nil {
		return err
	}
	r := report.New(context.Background(), "bench-sizing", ".")
	fmt.Fprintln(os.Stderr, "a step, after one day and after eight")
	if err := addSteps(r); err != nil {
		return err
	}
	traces := set(seeds, p)
	real, err := recorded()
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d traces of %d days, and %d recordings\n", len(traces), days, len(real))
	played, err := playSet(append(traces, real...), p)
	if err != nil {
		return err
	}
	addSet(r, played)
	if fleets {
		if err := addFleets(r); err != nil {
			return err
		}
	}
	fmt.Print(bars(r).Text() + "\n" + details(played).Text())
	if plot != "" {
		if err := drawTo(plot, traces, p); err != nil {
			return err
		}
	}
	if json == "" {
		return nil
	}
	return r.WriteFile(json)
}
