// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"
	"os"
	"path/filepath"

	"evenkeel.dev/evenkeel/bench/recording"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// resting is how many minutes after the last growth show what memory is at rest.
const resting = 3

// AddPeaks gives the curves of memory their peaks, from a recording in a folder.
func AddPeaks(fits []Fitted, dir string) error {
	for i := range fits {
		if fits[i].Kind != string(sizing.Memory) {
			continue
		}
		name := apiServerFile
		if fits[i].Component == string(sizing.Etcd) {
			name = etcdFile
		}
		rows, err := readRows(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fits[i].Peak = peak(rows)
	}
	return nil
}

// peak is by how much more memory is used in a recording's lists of everything and restarts
// than in the first minutes after its growth, in parts of that.
func peak(rows []recording.Row) float64 {
	if len(rows) == 0 {
		return 0
	}
	grown := 0
	for i, r := range rows {
		if last := rows[len(rows)-1].Load; r.Load.Nodes < last.Nodes || r.Load.Pods < last.Pods {
			grown = i + 1
		}
	}
	rest, most := 0.0, 0.0
	for i, r := range rows[grown:] {
		if i < resting {
			rest = max(rest, r.Memory)
		}
		most = max(most, r.Memory)
	}
	if rest == 0 {
		return 0
	}
	return most/rest - 1
}

// readRows reads a file of a recording.
func readRows(path string) ([]recording.Row, error) {
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("opening a recording: %w", err)
	}
	defer func() { _ = file.Close() }()
	return recording.Read(file)
}
