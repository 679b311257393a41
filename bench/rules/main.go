// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command rules plays failures to Evenkeel's rule file, and to the usual rule beside it, on
// Prometheus' own engine. It is a module of its own: Prometheus must not reach the product.
//
// Each fixture (fixtures/*.yaml) says what happens to a control plane in phases, what the
// operator and the tenant's own apiservers tell of it, which alerts must fire, by when, and
// that no others do. The plants make series from it: what each operator replica knows (view.go,
// takeover.go) and tells (plant.go), and what the apiservers tell (own.go). The theater (play.go)
// scrapes them and evaluates the rules by their own intervals, with the times of rounds,
// scrapes and evaluations against each other nearly as bad as they can be.
//
// The usual rule (usual.go) divides what the apiservers say of themselves. It is right where
// it fires when the tenant's requests suffer, at any time, and is silent where they do not.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/bench/report"
)

// seldom is how much memory may grow before it is cleaned up: rules are evaluated a hundred
// thousand times, and each leaves some.
const seldom = 400

func main() {
	json := flag.String("json", "", "write the report as JSON to this file")
	file := flag.String("rules", "manifests/monitoring/rules.yaml", "the rule file")
	days := flag.Int("days", 30, "how many healthy days are played; 0 is none")
	flag.Parse()
	debug.SetGCPercent(seldom)
	if err := run(*json, *file, *days); err != nil {
		fmt.Fprintln(os.Stderr, "rules:", err)
		os.Exit(1)
	}
}

func run(json, file string, days int) error {
	r := report.New(context.Background(), "bench-sla", ".")
	verdicts, err := judgeAll(file)
	if err != nil {
		return err
	}
	fmt.Print(table(verdicts).Text())
	falsePages := addTo(r, verdicts)
	if days > 0 {
		fmt.Fprintf(os.Stderr, "%d healthy days\n", days)
		began := time.Now()
		all, err := playMonth(month(days, 0, 1), file)
		if err != nil {
			return err
		}
		woken := of(all, "page")
		for _, p := range woken {
			fmt.Printf("a page on day %d: %s\n", p.first/86400+1, p.fired)
		}
		falsePages += times(woken)
		fmt.Printf("\n%d healthy days: %d pages, %d tickets; fired in all: %s (%.0f s)\n", days, times(woken), times(of(all, "ticket")), strings.Join(append(counts(all), "no more"), ", "), time.Since(began).Seconds())
		r.Add("sla.healthy_days", report.UnitCount, float64(days))
		r.Add("sla.healthy_tickets", report.UnitCount, float64(times(of(all, "ticket"))))
	}
	r.Add("sla.false_pages", report.UnitCount, float64(falsePages))
	fmt.Println(words(verdicts, falsePages))
	if json == "" {
		return nil
	}
	return r.WriteFile(json)
}

// judgeAll plays all fixtures, as many at a time as there are cores.
func judgeAll(file string) ([]verdict, error) {
	all, err := fixtures()
	if err != nil {
		return nil, err
	}
	verdicts, errs := make([]verdict, len(all)), make([]error, len(all))
	var wait sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range next {
				fired, err := play(all[i], late9, file)
				if err == nil {
					verdicts[i], err = judge(all[i], fired)
				}
				errs[i] = err
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return verdicts, nil
}

// addTo adds the figures to a report, and counts pages that were not due.
func addTo(r *report.Report, verdicts []verdict) (falsePages int) {
	right, usualRight := 0, 0
	var outages []float64
	for _, v := range verdicts {
		falsePages += v.falsePages
		if v.right() {
			right++
		}
		if v.usualRight {
			usualRight++
		}
		if v.down > 0 {
			outages = append(outages, v.down.Seconds())
		}
	}
	r.Add("sla.fixtures", report.UnitCount, float64(len(verdicts)))
	r.Add("sla.fixtures_right", report.UnitCount, float64(right))
	r.Add("sla.usual_rule_right", report.UnitCount, float64(usualRight))
	r.Add("sla.outage_to_page_seconds", report.UnitSeconds, outages...)
	return falsePages
}

func table(verdicts []verdict) report.Table {
	t := report.Table{Head: []string{"", "fixture", "what happens", "expected", "Evenkeel's rules", "the usual rule"}, Left: []int{1, 2, 3, 4, 5}}
	sign := map[bool]string{true: "✓", false: "✗"}
	for _, v := range verdicts {
		expected := strings.Join(v.fixture.Expect, "; ")
		if expected == "" {
			expected = "nothing"
		}
		said := "as expected"
		if len(v.wrong) > 0 {
			said = strings.Join(v.wrong, "; ")
		} else if v.down > 0 {
			said += fmt.Sprintf(", outage after %s", v.down)
		}
		usual := "silent"
		if v.usualFired {
			usual = fmt.Sprintf("fires after %s", v.usualAfter)
		}
		t.Rows = append(t.Rows, []string{sign[v.right()], v.fixture.Key, v.fixture.Title, strings.ReplaceAll(expected, "Evenkeel", ""), said, sign[v.usualRight] + " " + usual})
	}
	return t
}

func words(verdicts []verdict, falsePages int) string {
	right, usualRight, unserved, usualSees := 0, 0, 0, 0
	for _, v := range verdicts {
		if v.right() {
			right++
		}
		if v.usualRight {
			usualRight++
		}
		if v.fixture.Unserved {
			unserved++
			if v.usualRight {
				usualSees++
			}
		}
	}
	return fmt.Sprintf("Evenkeel's rules are right in %d of %d fixtures, the usual rule in %d; of %d in which requests suffer it sees %d. %d false pages.",
		right, len(verdicts), usualRight, unserved, usualSees, falsePages)
}
