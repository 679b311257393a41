// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// newServers builds the upstream servers, or says where they are.
func newServers() *cobra.Command {
	var assets string
	var metricsServer, vpa, evenkeel, prometheus bool
	c := &cobra.Command{
		Use:   "servers",
		Short: "Build the upstream servers and print their folder, for KUBEBUILDER_ASSETS",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			root, err := repository()
			if err != nil {
				return err
			}
			b, err := servers.Ensure(c.Context(), servers.Options{
				Root: root, Cache: cache(root), Assets: assets,
				MetricsServer: metricsServer, VPA: vpa, Evenkeel: evenkeel, Prometheus: prometheus, Progress: tell,
			})
			if err != nil {
				return err
			}
			folder, err := b.Folder(filepath.Join(root, ".cache", "servers"))
			if err != nil {
				return err
			}
			fmt.Println(folder)
			return nil
		},
	}
	assetsFlag(c, &assets)
	c.Flags().BoolVar(&metricsServer, "metrics-server", false, "build metrics-server too")
	c.Flags().BoolVar(&vpa, "vpa", false, "build the VerticalPodAutoscaler's updater and admission-controller too")
	c.Flags().BoolVar(&evenkeel, "evenkeel", false, "build Evenkeel too")
	c.Flags().BoolVar(&prometheus, "prometheus", false, "build Prometheus too")
	return c
}

// tell tells of progress, apart from what is printed for others to read.
func tell(line string) { fmt.Fprintln(os.Stderr, line) }

func assetsFlag(c *cobra.Command, assets *string) {
	c.Flags().StringVar(assets, "assets", os.Getenv("KUBEBUILDER_ASSETS"),
		"folder with kube-apiserver, etcd and kubectl to use instead of building them")
}

func cache(root string) string { return filepath.Join(root, ".cache", "bin") }

// repository is the folder that holds this module's go.mod, from here upwards.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "bench", "testbed", "upstream")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no checkout of Evenkeel at or above %s: run this inside one", dir)
		}
	}
}
