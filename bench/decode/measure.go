// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"evenkeel.dev/evenkeel/bench/pages"
	"evenkeel.dev/evenkeel/bench/report"
)

// measure adds to the report how long each decoder takes for the page in dir. The
// decoders take turns in every round, so that a noisy moment hits all of them.
func measure(r *report.Report, dir string, rounds int) error {
	all, err := decoders()
	if err != nil {
		return err
	}
	bodies := map[string][]byte{}
	for _, file := range []string{pages.TextFile, pages.ProtoFile} {
		if bodies[file], err = os.ReadFile(filepath.Join(dir, file)); err != nil { //nolint:gosec // the person named the folder
			return fmt.Errorf("reading a page that `bench pages` wrote: %w", err)
		}
	}
	if err := agree(all, bodies); err != nil {
		return err
	}
	us := map[string][]float64{}
	var allocations []float64
	for range rounds {
		for _, d := range all {
			result := testing.Benchmark(d.benchmark(bodies[d.file]))
			us[d.name] = append(us[d.name], float64(result.T.Nanoseconds())/float64(result.N)/1e3)
			if d.name == "evenkeel" {
				allocations = append(allocations, float64(result.AllocsPerOp()))
			}
		}
	}
	for _, d := range all {
		r.Add("decode."+d.name+".us", "µs", us[d.name]...)
	}
	r.Add("decode.evenkeel.allocs", report.UnitCount, allocations...)
	r.Add("decode.page_bytes", "bytes", float64(len(bodies[pages.TextFile])))
	r.Add("decode.page_proto_bytes", "bytes", float64(len(bodies[pages.ProtoFile])))
	return nil
}

// benchmark decodes a page as often as it is told.
func (d decoder) benchmark(body []byte) func(*testing.B) {
	return func(b *testing.B) { //nolint:thelper // it is the benchmark, and helps none
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.decode(body); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// agree makes sure that all decoders find the same, and something: a decoder that
// finds nothing is quick. The two pages are moments apart, and limits stand still.
func agree(all []decoder, bodies map[string][]byte) error {
	var first found
	for i, d := range all {
		f, err := d.decode(bodies[d.file])
		if err != nil {
			return fmt.Errorf("decoding %s by %s: %w", d.file, d.name, err)
		}
		if i == 0 {
			first = f
		}
		if f != first || f.levels == 0 {
			return fmt.Errorf("%s finds %d levels of %v seats in %s, and %s %d of %v in %s: they are not comparable",
				d.name, f.levels, f.seats, d.file, all[0].name, first.levels, first.seats, all[0].file)
		}
	}
	return nil
}
