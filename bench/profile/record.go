// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"evenkeel.dev/evenkeel/bench/recording"
)

// Recording is a run's course, minute by minute.
type Recording struct{ APIServer, Etcd []recording.Row }

// recording cuts the trace into minutes; one that is not whole is left out.
func (t *trace) recording() (r Recording) {
	t.mu.Lock()
	looks := append([]seen{}, t.looks...)
	t.mu.Unlock()
	if len(looks) < 2 {
		return r
	}
	start := looks[0].at
	for minute := 0; ; minute++ {
		from := start.Add(time.Duration(minute) * time.Minute)
		to := from.Add(time.Minute)
		before, after, ok := between(looks, from, to)
		if !ok {
			return r
		}
		load := after.since(before)
		for of, rows := range map[*[]*watched]*[]recording.Row{&t.apiserver: &r.APIServer, &t.etcd: &r.Etcd} {
			if u, err := t.use(*of, from, to); err == nil {
				*rows = append(*rows, recording.Row{Minute: minute, CPU: u.CPU, Memory: u.Memory, Load: load})
			}
		}
	}
}

// between are the looks nearest to the ends of a minute; ok is false where the last look
// is before its end.
func between(looks []seen, from, to time.Time) (before, after seen, ok bool) {
	if looks[len(looks)-1].at.Before(to) {
		return before, after, false
	}
	before, after = looks[0], looks[len(looks)-1]
	for _, l := range looks {
		if !l.at.After(from) {
			before = l
		}
		if l.at.After(to) {
			break
		}
		after = l
	}
	return before, after, after.at.After(before.at)
}

// The files of a recording.
const apiServerFile, etcdFile = "growth-apiserver.csv", "growth-etcd.csv"

// Write writes growth-apiserver.csv and growth-etcd.csv to a folder.
func (r Recording) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("making the folder for recordings: %w", err)
	}
	return errors.Join(
		writeCSV(filepath.Join(dir, apiServerFile), recording.Table(r.APIServer)),
		writeCSV(filepath.Join(dir, etcdFile), recording.Table(r.Etcd)),
	)
}

func writeCSV(path string, table [][]string) (err error) {
	file, err := os.Create(filepath.Clean(path))
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	w := csv.NewWriter(file)
	if err = errors.Join(w.WriteAll(table), file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return nil
}

func decimal(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }
