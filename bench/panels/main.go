// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command panels asks a running Prometheus for every panel of Evenkeel's dashboards, as
// Grafana does, and lists those that have nothing to show. Its tests have Prometheus' own
// parser read each expression, hold its series and labels against monitoring/series, and
// have its engine answer it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "panels:", err)
		stop()
		os.Exit(1) //nolint:gocritic // what was deferred is done
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o Options
	var path string
	flags := flag.NewFlagSet("panels", flag.ContinueOnError)
	flags.StringVar(&o.URL, "url", "http://127.0.0.1:9090", "the Prometheus to ask")
	flags.StringVar(&o.Namespace, "namespace", "", "the namespace to show; empty is the first that there is")
	flags.StringVar(&o.Name, "name", "", "the control plane to show; empty is the first that there is")
	flags.DurationVar(&o.Range, "range", time.Hour, "how far back to look")
	flags.StringVar(&path, "json", "", "file to write the result to as JSON as well")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r, err := Ask(ctx, o)
	if err != nil {
		return err
	}
	if path != "" {
		raw, err := json.MarshalIndent(r, "", "  ")
		if err == nil {
			err = os.WriteFile(path, append(raw, '\n'), 0o600)
		}
		if err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
	}
	return r.tell(out)
}

// tell prints a result; an error when an expression was refused.
func (r Result) tell(out io.Writer) error {
	for _, q := range r.Empty {
		_, _ = fmt.Fprintf(out, "empty: %s\n", q)
	}
	for _, f := range r.Failed {
		_, _ = fmt.Fprintf(out, "failed: %s: %s\n", f.Question, f.Error)
	}
	_, err := fmt.Fprintf(out, "%d expressions of %d panels: %d empty, %d failed; the slowest took %.2f s: %s\n",
		r.Expressions, r.Panels, len(r.Empty), len(r.Failed), r.SlowestSeconds, r.Slowest)
	if len(r.Failed) > 0 {
		return fmt.Errorf("%d expressions failed", len(r.Failed))
	}
	return err
}
