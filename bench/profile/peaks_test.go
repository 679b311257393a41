// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"math"
	"testing"

	"evenkeel.dev/evenkeel/bench/recording"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// The peak is over what is used at rest after the growth, not over what was used on the way.
func TestPeak(t *testing.T) {
	rows := func(memory ...float64) (all []recording.Row) {
		for i, m := range memory {
			all = append(all, recording.Row{Minute: i, Memory: m, Load: sizing.Drivers{Nodes: float64(min(i, 2))}})
		}
		return all
	}
	tests := []struct {
		name string
		rows []recording.Row
		want float64
	}{
		{"a peak after three minutes at rest", rows(1, 2, 90, 100, 95, 95, 125, 95), 0.25},
		{"nothing above the rest", rows(1, 2, 90, 100, 95, 95), 0},
		{"what growth took is no peak", rows(300, 200, 100, 100, 100, 110), 0.1},
		{"nothing recorded", nil, 0},
	}
	for _, tt := range tests {
		if got := peak(tt.rows); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s: %v, not %v", tt.name, got, tt.want)
		}
	}
}

// A recording that was written is read back.
func TestRecordingsAreReadBack(t *testing.T) {
	dir := t.TempDir()
	want := recording.Row{Minute: 3, CPU: 0.125, Memory: 2e9, Load: sizing.Drivers{Nodes: 2000, Pods: 10000, Objects: 9846, Bytes: 2e8, Requests: 211.5}}
	if err := (Recording{APIServer: []recording.Row{want}, Etcd: []recording.Row{want}}).Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{apiServerFile, etcdFile} {
		if rows, err := readRows(dir + "/" + name); err != nil || len(rows) != 1 || rows[0] != want {
			t.Errorf("%s: %+v, %v", name, rows, err)
		}
	}
}
