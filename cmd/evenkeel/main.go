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
	"syscall"

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
	root.AddCommand(newOperator(), newExplain())
	err := root.ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "evenkeel:", err)
		os.Exit(1)
	}
}
