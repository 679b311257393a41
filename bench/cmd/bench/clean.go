// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"evenkeel.dev/evenkeel/bench/testbed/ground"
)

// newClean ends what a killed run left behind.
func newClean() *cobra.Command {
	return &cobra.Command{
		Use:   "clean",
		Short: "End the processes and remove the cgroups and files of runs that were killed",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			root, err := repository()
			if err != nil {
				return err
			}
			return ground.Clean(runDir(root))
		},
	}
}

// runDir is where a run keeps its files.
func runDir(root string) string { return filepath.Join(root, ".run") }
