// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench builds the testbed's servers and plays storms on it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"evenkeel.dev/evenkeel/bench/testbed/process"
)

func main() {
	process.MaybeShim()
	// Client libraries log what the screen and the report say better.
	log.SetLogger(logr.Discard())
	// The first Ctrl-C ends the run in order; a second one ends it at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	root := &cobra.Command{
		Use:           "bench",
		Short:         "Build the testbed's servers and play storms on it",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newDemo(), newOverload(), newProfile(), newGrowth(), newScale(), newFaults(), newSLA(), newServers(), newPages(), newClean())
	err := root.ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
