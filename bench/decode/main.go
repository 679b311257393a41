// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command decode measures how long Evenkeel takes to decode the metrics page of a
// real kube-apiserver, with other decoders of such pages beside it in the same run.
// It is a module of its own: what it compares with must not reach the product.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"evenkeel.dev/evenkeel/bench/report"
)

func main() {
	dir := flag.String("pages", ".cache/pages", "folder with the pages that `bench pages` wrote")
	json := flag.String("json", "", "write the report as JSON to this file")
	rounds := flag.Int("rounds", 5, "how often each decoder is measured, about a second each time")
	flag.Parse()
	if err := run(*dir, *json, max(*rounds, 1)); err != nil {
		fmt.Fprintln(os.Stderr, "decode:", err)
		os.Exit(1)
	}
}

func run(dir, json string, rounds int) error {
	r := report.New(context.Background(), "bench-decode", ".")
	if err := measure(r, dir, rounds); err != nil {
		return err
	}
	fmt.Print(table(r).Text())
	if json == "" {
		return nil
	}
	return r.WriteFile(json)
}

// titles are the decoders as people know them.
var titles = []struct{ name, title, form string }{
	{"evenkeel", "Evenkeel", "protobuf, the wanted families alone"},
	{"expfmt_proto", "prometheus/common expfmt", "protobuf"},
	{"prometheus_proto", "Prometheus textparse", "protobuf"},
	{"prometheus_text", "Prometheus textparse", "text"},
	{"expfmt_text", "prometheus/common expfmt", "text"},
}

// table is the report for people.
func table(r *report.Report) report.Table {
	t := report.Table{Head: []string{"decoder", "reads", "a page", "times Evenkeel's"}, Left: []int{1}}
	own, _ := r.Figure("decode.evenkeel.us")
	for _, line := range titles {
		if f, ok := r.Figure("decode." + line.name + ".us"); ok {
			t.Rows = append(t.Rows, []string{line.title, line.form, f.Words(), report.Times(f.Value / own.Value)})
		}
	}
	return t
}
