// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command monitoring writes what is made from monitoring/: the rule files, and the tables in
// the docs. It is run from the root of the repository, by make generate.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"evenkeel.dev/evenkeel/monitoring/rules"
	"evenkeel.dev/evenkeel/monitoring/series"
)

// file is one to write: make says what is to be in it, given what is.
type file struct {
	path string
	make func(before []byte) ([]byte, error)
}

// files are all that are written.
var files = []file{
	{"manifests/monitoring/rules.yaml", whole(rules.File)},
	{"manifests/monitoring/prometheusrule.yaml", whole(rules.Resource)},
	{"docs/monitoring.md", parts(map[string]func() string{"alerts": alerts("runbooks/"), "series": series.Table})},
	{"docs/runbooks/README.md", parts(map[string]func() string{"alerts": alerts("")})},
}

func main() {
	for _, f := range files {
		if err := f.write(); err != nil {
			fmt.Fprintln(os.Stderr, "monitoring:", err)
			os.Exit(1)
		}
	}
}

func (f file) write() error {
	before, err := os.ReadFile(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading %s: %w", f.path, err)
	}
	after, err := f.make(before)
	if err != nil {
		return fmt.Errorf("making %s: %w", f.path, err)
	}
	if bytes.Equal(before, after) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil { //nolint:gosec // a folder of the repository
		return fmt.Errorf("making the folder of %s: %w", f.path, err)
	}
	if err := os.WriteFile(f.path, after, 0o644); err != nil { //nolint:gosec // a file of the repository
		return fmt.Errorf("writing %s: %w", f.path, err)
	}
	return nil
}

// alerts is the table of alerts, with the runbooks in a folder.
func alerts(runbooks string) func() string {
	return func() string { return rules.Table(runbooks) }
}

// whole is a file that is generated as a whole.
func whole(content func() ([]byte, error)) func([]byte) ([]byte, error) {
	return func([]byte) ([]byte, error) { return content() }
}

// parts is a page that a person writes but for the parts between two comments,
// <!-- NAME: generated --> and <!-- NAME: end -->.
func parts(contents map[string]func() string) func([]byte) ([]byte, error) {
	return func(page []byte) ([]byte, error) {
		for name, content := range contents {
			begin, end := "<!-- "+name+": generated -->\n", "<!-- "+name+": end -->"
			before, rest, ok := bytes.Cut(page, []byte(begin))
			_, after, closed := bytes.Cut(rest, []byte(end))
			if !ok || !closed {
				return nil, fmt.Errorf("there is no place for %q between %q and %q", name, begin, end)
			}
			page = bytes.Join([][]byte{before, []byte(begin), []byte(content()), []byte(end), after}, nil)
		}
		return page, nil
	}
}
