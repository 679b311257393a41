// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

// usualName is the usual rule's alert.
const usualName = "UsualBudgetBurn"

// usual is a rule file with the burn-rate rule of the usual shape, written anew: of all
// requests that the apiservers count, those that were answered with a 5xx and those that took
// longer than the objective of their scope, for reads and for writes, over the windows of the
// SRE workbook, with the time for which that must hold. It is told each tenant's target.
//
// Its shape is the point: sums of what the tenant's own apiservers tell, added by matching
// labels. What tells nothing is left out of no sum; it empties it.
func usual(target float64) ([]byte, error) {
	var rules []map[string]any
	for _, tier := range []struct {
		factor                   float64
		long, short, severity, f string
	}{
		{14.4, "1h", "5m", "page", "2m"},
		{6, "6h", "30m", "page", "15m"},
		{3, "1d", "2h", "ticket", "1h"},
		{1, "3d", "6h", "ticket", "3h"},
	} {
		for _, share := range []func(window string) string{usualReads, usualWrites} {
			over := func(window string) string {
				return fmt.Sprintf("(%s) > %g * %g", share(window), tier.factor, 1-target)
			}
			rules = append(rules, map[string]any{
				"alert": usualName, "for": tier.f, "labels": map[string]string{"severity": tier.severity},
				"expr": over(tier.long) + "\nand " + over(tier.short),
			})
		}
	}
	return yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "usual", "interval": "30s", "rules": rules}}})
}

// writeUsual writes the usual rule to a file.
func writeUsual(path string, target float64) error {
	raw, err := usual(target)
	if err != nil {
		return fmt.Errorf("making the usual rule: %w", err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return fmt.Errorf("writing the usual rule: %w", err)
	}
	return nil
}

// sumOf is the rate of a counter of the apiservers, for each tenant.
func sumOf(window, name string, matchers ...string) string {
	return fmt.Sprintf("sum by (namespace, name) (rate(%s{%s}[%s]))", name, strings.Join(append([]string{`job="apiserver"`}, matchers...), ","), window)
}

// late are the requests of a scope that took longer than its objective.
func late(window, verbs, scope, le string) string {
	const histogram = "apiserver_request_sli_duration_seconds"
	return fmt.Sprintf("(%s - %s)", sumOf(window, histogram+"_count", verbs, scope), sumOf(window, histogram+"_bucket", verbs, scope, fmt.Sprintf("le=%q", le)))
}

func usualReads(window string) string {
	const verbs = `verb=~"GET|LIST"`
	return fmt.Sprintf("(%s + %s + %s + %s) / %s",
		late(window, verbs, `scope="resource"`, "1"), late(window, verbs, `scope="namespace"`, "30"), late(window, verbs, `scope="cluster"`, "30"),
		sumOf(window, "apiserver_request_total", verbs, `code=~"5.."`), sumOf(window, "apiserver_request_total", verbs))
}

func usualWrites(window string) string {
	const verbs = `verb=~"POST|PUT|PATCH|DELETE"`
	return fmt.Sprintf("(%s + %s) / %s",
		late(window, verbs, `scope="resource"`, "1"),
		sumOf(window, "apiserver_request_total", verbs, `code=~"5.."`), sumOf(window, "apiserver_request_total", verbs))
}
