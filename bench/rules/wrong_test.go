// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// changed is the rule file with something in it made to be something else.
func changed(t *testing.T, from, to string) (path string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), from) {
		t.Fatalf("there is no %q in the rules", from)
	}
	path = filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(raw), from, to)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A rule that is made wrong is found by the fixture that is there for it.
func TestWrongRulesAreFound(t *testing.T) {
	t.Parallel()
	all, err := fixtures()
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]fixture{}
	for _, f := range all {
		by[f.Key] = f
	}
	for name, wrong := range map[string]struct{ fixture, from, to string }{
		"an outage is paged later":      {"outage-total", "(evenkeel_down_seconds) > 15", "(evenkeel_down_seconds) > 40"},
		"a single round is an outage":   {"calm-rolling-restart", "(evenkeel_down_seconds) > 15", "(evenkeel_down_seconds) > 0"},
		"the page ends with the leader": {"outage-operator-restarts", "keep_firing_for: 5m", "keep_firing_for: 1s"},
		"few rounds are enough":         {"calm-first-hour", ">= 6\n", ">= 0\n"},
		"a restart is an absence":       {"calm-operator-restarts", "for: 2m", "for: 15s"},
		"rounds are not counted":        {"outage-flapping", "increase(evenkeel_probe_rounds_total", "0 * increase(evenkeel_probe_rounds_total"},
		"a jailed offender is free":     {"seats-offender-jailed", "unless max by (namespace, name) (evenkeel_sentences) > 0", "unless max by (namespace, name) (evenkeel_sentences) > 9"},
		"blind is down":                 {"unseen-network", "(evenkeel_down_seconds) > 15", "(evenkeel_down_seconds + 60 * evenkeel_unseen) > 15"},
		"unknown is the end":            {"calm-busy", "(evenkeel_certificate_expires_timestamp_seconds) > 0)", "(0 * evenkeel_certificate_expires_timestamp_seconds))"},
		"only who leads is believed":    {"outage-host-api-down", "(evenkeel_down_seconds)", "(evenkeel_down_seconds and evenkeel_unseen)"},
		"who is cut off is believed":    {"calm-point-cut-off", "(evenkeel_down == 0", "(evenkeel_down == 9"},
		"a budget comes back unread":    {"budget-ledger-unread", "keep_firing_for: 2h", "keep_firing_for: 5m"},
		"not looked at is lost":         {"calm-etcd-not-looked-at", "(evenkeel_down) == 1)", "(evenkeel_down) >= 0)"},
		"not known is a size":           {"calm-etcd-seen-again", "(evenkeel_etcd_database_bytes) > 0\n", "(evenkeel_etcd_database_bytes)\n"},
		"a dead leader is believed":     {"outage-remote-write", "time() - timestamp(evenkeel_unseen) < 45", "time() - timestamp(evenkeel_unseen) < 450"},
		"who never began is watched":    {"operator-never-passed", "(evenkeel_sla_target_ratio)\n", "(evenkeel_last_pass_timestamp_seconds)\n"},
		"who holds is at work":          {"operator-passes-held", "== -1", "== -2"},
		"an upgrade is an outage":       {"calm-upgrade", `window="6h"} >= 12`, `window="6h"} >= 6`},
		"all tenants are one":           {"outage-one-of-many", "max by (namespace, name) (evenkeel_down_seconds)", "min by (namespace) (evenkeel_down_seconds)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told, err := play(by[wrong.fixture], late9, changed(t, wrong.from, wrong.to))
			if err != nil {
				t.Fatal(err)
			}
			v, err := judge(by[wrong.fixture], told)
			if err != nil {
				t.Fatal(err)
			}
			if v.right() {
				t.Errorf("%s is right all the same: %v", wrong.fixture, v.said)
			}
		})
	}
}

// So is one that calls somebody on healthy days, by what happens on them.
func TestWrongRulesOnHealthyDays(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]struct{ from, to, page string }{
		"an upgrade is an outage":    {`window="6h"} >= 12`, `window="6h"} >= 6`, "EvenkeelAvailabilityBudgetBurn"},
		"an election is no leader":   {"for: 30s", "for: 0s", "EvenkeelEtcdNoLeader"},
		"one of three is the quorum": {"/ 2) + 1)", "/ 2) + 2)", "EvenkeelEtcdQuorumLost"},
		"a restart is an absence":    {"for: 2m", "for: 15s", "EvenkeelOperatorAbsent"},
		"a lost round is an outage":  {"(evenkeel_down_seconds) > 15", "(evenkeel_down_seconds) > 0", "EvenkeelControlPlaneDown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			days := theater{
				fixture: month(4, 0, 7), clock: late9, coarse: quietly, alone: true, bare: !strings.Contains(wrong.page, "Burn"),
				keep: func(_, severity, name string) bool { return severity == "page" && name == wrong.page },
			}
			told, err := days.play(changed(t, wrong.from, wrong.to))
			if err != nil {
				t.Fatal(err)
			}
			if len(told) == 0 {
				t.Errorf("%s did not page", wrong.page)
			}
		})
	}
}
