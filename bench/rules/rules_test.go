// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/monitoring/rules"
)

const file = "../../manifests/monitoring/rules.yaml"

func TestMain(m *testing.M) {
	debug.SetGCPercent(seldom)
	os.Exit(m.Run())
}

// judged are the verdicts on all fixtures, played once for all tests.
func judged(t *testing.T) map[string]verdict {
	t.Helper()
	verdicts, err := played()
	if err != nil {
		t.Fatal(err)
	}
	return verdicts
}

func TestFixtures(t *testing.T) {
	for key, v := range judged(t) {
		for _, w := range v.wrong {
			t.Errorf("%s (%s): %s", key, v.fixture.Title, w)
		}
	}
}

// The failures in which the usual rule is known to be blind: what it says there is why these
// rules rest on other series.
func TestUsualRule(t *testing.T) {
	verdicts := judged(t)
	for key, fires := range map[string]bool{
		"badly-slow-reads-new": false, "outage-quiet-5xx": false, "outage-total": false, "badly-shed": false, "outage-one-of-many": false,
		// It is no straw man: with all series there it sees what it is made for, and is silent in calm.
		"badly-slow-reads": true, "badly-webhook-5xx": true, "badly-slow-burn": true, "calm-busy": false, "calm-rolling-restart": false,
	} {
		if v, ok := verdicts[key]; !ok || v.usualFired != fires {
			t.Errorf("%s: the usual rule fired is %t, want %t", key, v.usualFired, fires)
		}
	}
	if v := verdicts["badly-slow-burn"]; v.usualAfter < 0 {
		t.Errorf("badly-slow-burn: the usual rule fired %s before the fault", -v.usualAfter)
	}
}

// Each alert, in each severity, is due in a fixture: one that never fires is not known to.
func TestEveryAlertIsPlayed(t *testing.T) {
	due := map[string]bool{}
	for _, v := range judged(t) {
		for _, s := range v.said {
			due[s] = true
		}
	}
	for _, a := range rules.Alerts() {
		if key := (fired{string(a.Severity), a.Name}).String(); !due[key] {
			t.Errorf("%s fires in no fixture", key)
		}
	}
}

// What stands in a label is somebody's text.
func TestAnnotations(t *testing.T) {
	all, err := fixtures()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Key != "outage-name-with-markup" {
			continue
		}
		told, err := play(f, late9, file)
		if err != nil {
			t.Fatal(err)
		}
		seen := false
		for _, one := range told {
			if one.fired.name == usualName {
				continue
			}
			seen = seen || strings.Contains(one.text, "tenant/a?b?script?alert?1?")
			if strings.ContainsAny(one.text, "<>\"`{}|") || strings.Contains(one.text, "error expanding") || strings.Count(one.text, "\n") != 2 {
				t.Errorf("%s says\n%s", one.fired, one.text)
			}
		}
		if !seen {
			t.Error("no annotation names the control plane")
		}
	}
}

// From an outage to the page it takes no more than a minute, wherever rounds, scrapes and
// evaluations stand to each other, with an answer that does not come for 5 s, and with a
// second vantage point that is heard 17 s later; and one failed round is none.
func TestSixtySeconds(t *testing.T) {
	t.Parallel()
	outage := fixture{Key: "outage", Target: 0.9995, Tenants: 1, Name: "acme", Scrape: span(15 * time.Second), Phases: []phase{
		{For: span(2 * time.Minute)}, {For: span(90 * time.Second), look: look{Rounds: "down"}, Fault: true},
	}}
	single := outage
	single.Phases = []phase{{For: span(2 * time.Minute)}, {For: span(10 * time.Second), look: look{Rounds: "down"}}, {For: span(time.Minute)}}
	worst := 0
	for _, answer := range []int{0, 5, 17} {
		for round := 0; round < 10; round += 3 {
			for scrape := 0; scrape < 15; scrape += 4 {
				for _, evaluate := range []int{scrape - 1, scrape, scrape + 7} {
					at := clock{round: round, scrape: scrape, evaluate: (evaluate + 15) % 15, answer: answer}
					after := outageAfter(t, outage, at)
					if worst = max(worst, after); after <= 0 || after > 60 {
						t.Errorf("%+v: the page came %d s after the outage", at, after)
					}
					if answer < 10 {
						if after := outageAfter(t, single, at); after != 0 {
							t.Errorf("%+v: one failed round paged", at)
						}
					}
				}
			}
		}
	}
	t.Logf("the latest page came %d s after the outage", worst)
	if worst < 50 {
		t.Errorf("the latest page came after %d s: the times do not meet as badly as they can", worst)
	}
}

// outageAfter is how many seconds after the first phase the page came; 0 is never.
func outageAfter(t *testing.T, f fixture, at clock) int {
	t.Helper()
	one := theater{fixture: f, clock: at, alone: true, keep: func(group, _, _ string) bool { return group == "evenkeel.now" }, bare: true}
	told, err := one.play(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range told {
		if f.fired.name == "EvenkeelControlPlaneDown" {
			return f.first - 120
		}
	}
	return 0
}

// Four days have all that happens on healthy ones.
func TestHealthyDays(t *testing.T) {
	t.Parallel()
	told, err := playMonth(month(4, 0, 7), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range of(told, "page") {
		t.Errorf("a page on day %d: %s", p.first/86400+1, p.fired)
	}
}

// The days can fail: 25 bad minutes in them are seen.
func TestUnhealthyDay(t *testing.T) {
	t.Parallel()
	told, err := playMonth(month(2, 25, 7), file)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(names(of(told, "page")), ", ")
	if want := "page EvenkeelAvailabilityBudgetBurn, page EvenkeelControlPlaneDown"; got != want {
		t.Errorf("pages are %q, want %q", got, want)
	}
}
