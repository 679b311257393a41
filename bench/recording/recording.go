// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package recording is the form in which what real servers took is kept, minute by minute.
package recording

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// Row is a minute of a component: what its busiest container used of CPU on average, in
// cores, and of memory at the most, in bytes, and what the tenant carried.
type Row struct {
	Minute      int
	CPU, Memory float64
	Load        sizing.Drivers
}

// head names the columns.
var head = []string{"minute", "cpu_cores", "memory_bytes", "nodes", "pods", "objects", "bytes", "requests"}

// Table is a recording as records of CSV.
func Table(rows []Row) [][]string {
	table := [][]string{head}
	for _, r := range rows {
		table = append(table, []string{
			strconv.Itoa(r.Minute), decimal(r.CPU, 4), decimal(r.Memory, 0),
			decimal(r.Load.Nodes, 0), decimal(r.Load.Pods, 0), decimal(r.Load.Objects, 0), decimal(r.Load.Bytes, 0), decimal(r.Load.Requests, 2),
		})
	}
	return table
}

// Read reads what Table made.
func Read(from io.Reader) (rows []Row, err error) {
	in := csv.NewReader(from)
	in.FieldsPerRecord = len(head)
	table, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading a recording: %w", err)
	}
	for n, line := range table {
		if n == 0 {
			continue
		}
		v := make([]float64, len(head))
		for i := range v {
			if v[i], err = strconv.ParseFloat(line[i], 64); err != nil {
				return nil, fmt.Errorf("reading line %d of a recording: %w", n+1, err)
			}
		}
		rows = append(rows, Row{Minute: int(v[0]), CPU: v[1], Memory: v[2], Load: sizing.Drivers{Nodes: v[3], Pods: v[4], Objects: v[5], Bytes: v[6], Requests: v[7]}})
	}
	return rows, nil
}

func decimal(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }
