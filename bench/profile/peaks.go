// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

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
func peak(rows []Row) float64 {
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

// readRows reads what writeRows wrote.
func readRows(path string) (rows []Row, err error) {
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("reading a recording: %w", err)
	}
	defer func() { _ = file.Close() }()
	table, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Base(path), err)
	}
	for n, line := range table {
		if n == 0 {
			continue
		}
		var v [8]float64
		for i := range v {
			if v[i], err = strconv.ParseFloat(line[i], 64); err != nil {
				return nil, fmt.Errorf("reading %s, line %d: %w", filepath.Base(path), n+1, err)
			}
		}
		rows = append(rows, Row{Minute: int(v[0]), CPU: v[1], Memory: v[2], Load: sizing.Drivers{Nodes: v[3], Pods: v[4], Objects: v[5], Bytes: v[6], Requests: v[7]}})
	}
	return rows, nil
}
