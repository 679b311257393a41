// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command monitoring writes the files below manifests/monitoring, which are made from what
// stands as data in the packages of monitoring/. `make generate` calls it, in the folder of
// the checkout.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// file is one that is written, and what is in it.
type file struct {
	path    string
	content []byte
}

// makers are what makes files.
var makers = []func() ([]file, error){dashboardFiles, ruleFiles}

func main() {
	for _, files := range makers {
		if err := write(files); err != nil {
			fmt.Fprintln(os.Stderr, "monitoring:", err)
			os.Exit(1)
		}
	}
}

func write(files func() ([]file, error)) error {
	all, err := files()
	if err != nil {
		return err
	}
	for _, f := range all {
		if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil { //nolint:gosec // manifests are for everybody to read
			return fmt.Errorf("making the folder of %s: %w", f.path, err)
		}
		if err := os.WriteFile(f.path, f.content, 0o644); err != nil { //nolint:gosec // manifests are for everybody to read
			return fmt.Errorf("writing %s: %w", f.path, err)
		}
	}
	return nil
}
