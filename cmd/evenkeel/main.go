// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command evenkeel is the operator and its command line. Installed under the name
// kubectl-evenkeel it is a kubectl plugin.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	_ "time/tzdata" // maintenance windows name time zones, and the image has no database of them

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	root := &cobra.Command{
		Use:           "evenkeel",
		Short:         "Keep hosted Kubernetes control planes on an even keel",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newOperator(), newProber(), newRecommender(), newExplain(), newSLA(), newSentence(), newRelease(), newVersion())
	err := root.ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "evenkeel:", err)
		os.Exit(1)
	}
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "evenkeel %s, %s\n", version, runtime.Version())
			return err
		},
	}
}
