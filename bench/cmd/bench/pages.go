// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"

	"evenkeel.dev/evenkeel/bench/pages"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// newPages takes the metrics page of a real kube-apiserver.
func newPages() *cobra.Command {
	var assets, dir string
	c := &cobra.Command{
		Use:   "pages",
		Short: "Write the metrics page of a real kube-apiserver to files, as text and as protobuf",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			root, err := repository()
			if err != nil {
				return err
			}
			unlock, err := lock(runDir(root) + ".lock")
			if err != nil {
				return err
			}
			defer unlock()
			b, err := servers.Ensure(c.Context(), servers.Options{Root: root, Cache: cache(root), Assets: assets, Progress: tell})
			if err != nil {
				return err
			}
			return pages.Take(c.Context(), runDir(root), dir, b, nil)
		},
	}
	assetsFlag(c, &assets)
	c.Flags().StringVar(&dir, "dir", ".cache/pages", "folder for the pages")
	return c
}
