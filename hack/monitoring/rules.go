// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"

	"evenkeel.dev/evenkeel/monitoring/rules"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// ruleFiles are the rules, as Prometheus and its operator read them, and the tables of what
// is told and alerted.
func ruleFiles() ([]file, error) {
	plain, err := rules.File()
	if err != nil {
		return nil, err
	}
	resource, err := rules.Resource()
	if err != nil {
		return nil, err
	}
	all := []file{{"manifests/monitoring/rules.yaml", plain}, {"manifests/monitoring/prometheusrule.yaml", resource}}
	for path, contents := range map[string]map[string]string{
		"docs/monitoring.md":      {"alerts": rules.Table("runbooks/"), "series": series.Table()},
		"docs/runbooks/README.md": {"alerts": rules.Table("")},
	} {
		page, err := os.ReadFile(path) //nolint:gosec // a page of this repository
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		if page, err = parts(page, contents); err != nil {
			return nil, fmt.Errorf("making %s: %w", path, err)
		}
		all = append(all, file{path, page})
	}
	return all, nil
}

// parts is a page that a person writes but for the parts between two comments,
// <!-- NAME: generated --> and <!-- NAME: end -->.
func parts(page []byte, contents map[string]string) ([]byte, error) {
	for name, content := range contents {
		begin, end := "<!-- "+name+": generated -->\n", "<!-- "+name+": end -->"
		before, rest, ok := bytes.Cut(page, []byte(begin))
		_, after, closed := bytes.Cut(rest, []byte(end))
		if !ok || !closed {
			return nil, fmt.Errorf("there is no place for %q between %q and %q", name, begin, end)
		}
		page = bytes.Join([][]byte{before, []byte(begin), []byte(content), []byte(end), after}, nil)
	}
	return page, nil
}
