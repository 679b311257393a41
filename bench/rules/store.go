// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math"
	"os"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// store is Prometheus' own memory of samples, without its files of blocks.
type store struct {
	head *tsdb.Head
	dir  string
	// before are the series of the last scrape of each target: those that are missing in the
	// next are marked as gone, as a scrape does it.
	before map[string]map[string]labels.Labels
	// cut is the moment before which samples have been given up.
	cut int64
}

// keeps is how long samples are kept at least, in milliseconds: the longest window is three
// days.
const keeps = 4 * 24 * 3600 * 1000

func newStore() (*store, error) {
	dir, err := os.MkdirTemp("", "bench-rules-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for samples: %w", err)
	}
	opts := tsdb.DefaultHeadOptions()
	opts.ChunkDirRoot, opts.StripeSize = dir, 1024
	opts.ChunkRange = keeps
	head, err := tsdb.NewHead(nil, nil, nil, nil, opts, tsdb.NewHeadStats())
	if err != nil {
		return nil, fmt.Errorf("opening a store of samples: %w", err)
	}
	return &store{head: head, dir: dir, before: map[string]map[string]labels.Labels{}, cut: epoch * 1000}, nil
}

func (s *store) close() {
	_ = s.head.Close()
	_ = os.RemoveAll(s.dir)
}

// Querier reads what is between two moments.
func (s *store) Querier(from, to int64) (storage.Querier, error) {
	return tsdb.NewBlockQuerier(tsdb.NewRangeHead(s.head, from, to), from, to)
}

// Appender writes.
func (s *store) Appender(ctx context.Context) storage.Appender { return s.head.Appender(ctx) }

// sample is one series and its value.
type sample struct {
	of labels.Labels
	v  float64
}

// scrape writes what a target tells at a moment, in milliseconds; nothing is a target that is
// not there, and what it told before ends.
func (s *store) scrape(target string, at int64, told []sample) error {
	app := s.head.Appender(context.Background())
	now := make(map[string]labels.Labels, len(told))
	for _, one := range told {
		if _, err := app.Append(0, one.of, at, one.v); err != nil {
			return fmt.Errorf("writing %s: %w", one.of, err)
		}
		now[string(one.of.Bytes(nil))] = one.of
	}
	for key, of := range s.before[target] {
		if _, still := now[key]; !still {
			if _, err := app.Append(0, of, at, math.Float64frombits(value.StaleNaN)); err != nil {
				return fmt.Errorf("ending %s: %w", of, err)
			}
		}
	}
	s.before[target] = now
	if at-s.cut > keeps+keeps/4 {
		s.cut = at - keeps
		defer func() { _ = s.head.Truncate(s.cut) }()
	}
	if err := app.Commit(); err != nil {
		return fmt.Errorf("writing a scrape of %s: %w", target, err)
	}
	return nil
}
