// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// field is a column of the file of points.
type field struct {
	name   string
	digits int
	of     func(*Point) *float64
}

// fields are the columns after the stage's name.
var fields = []field{
	{"nodes", 0, func(p *Point) *float64 { return &p.Load.Nodes }},
	{"pods", 0, func(p *Point) *float64 { return &p.Load.Pods }},
	{"objects", 0, func(p *Point) *float64 { return &p.Load.Objects }},
	{"bytes", 0, func(p *Point) *float64 { return &p.Load.Bytes }},
	{"requests", 2, func(p *Point) *float64 { return &p.Load.Requests }},
	{"estimated_bytes", 0, func(p *Point) *float64 { return &p.Estimate }},
	{"database_file_bytes", 0, func(p *Point) *float64 { return &p.File }},
	{"apiserver_cpu_cores", 4, func(p *Point) *float64 { return &p.APIServer.CPU }},
	{"apiserver_cpu_mean_cores", 4, func(p *Point) *float64 { return &p.APIServer.MeanCPU }},
	{"apiserver_memory_peak_bytes", 0, func(p *Point) *float64 { return &p.APIServer.Memory }},
	{"apiserver_memory_mean_bytes", 0, func(p *Point) *float64 { return &p.APIServer.MeanMemory }},
	{"etcd_cpu_cores", 4, func(p *Point) *float64 { return &p.Etcd.CPU }},
	{"etcd_cpu_mean_cores", 4, func(p *Point) *float64 { return &p.Etcd.MeanCPU }},
	{"etcd_memory_peak_bytes", 0, func(p *Point) *float64 { return &p.Etcd.Memory }},
	{"etcd_memory_mean_bytes", 0, func(p *Point) *float64 { return &p.Etcd.MeanMemory }},
	{"renewal_p99_seconds", 4, func(p *Point) *float64 { return &p.RenewalP99 }},
}

// WritePoints writes the points as CSV.
func WritePoints(path string, points []Point) error {
	head := []string{"stage"}
	for _, f := range fields {
		head = append(head, f.name)
	}
	table := [][]string{head}
	for i := range points {
		row := []string{points[i].Stage}
		for _, f := range fields {
			text := ""
			if v := *f.of(&points[i]); !math.IsNaN(v) {
				text = decimal(v, f.digits)
			}
			row = append(row, text)
		}
		table = append(table, row)
	}
	return writeCSV(path, table)
}

// ReadPoints reads what WritePoints wrote: curves can be fitted again without a run.
func ReadPoints(path string) (points []Point, err error) {
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("reading the measured points: %w", err)
	}
	defer func() { _ = file.Close() }()
	table, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading the measured points %s: %w", filepath.Base(path), err)
	}
	for i, row := range table {
		if len(row) != len(fields)+1 {
			return nil, fmt.Errorf("reading the measured points %s: line %d has %d fields, not %d", filepath.Base(path), i+1, len(row), len(fields)+1)
		}
		if i == 0 {
			continue
		}
		p := Point{Stage: row[0]}
		for j, f := range fields {
			v := math.NaN()
			if row[j+1] != "" {
				if v, err = strconv.ParseFloat(row[j+1], 64); err != nil {
					return nil, fmt.Errorf("reading the measured points %s: line %d, %s: %w", filepath.Base(path), i+1, f.name, err)
				}
			}
			*f.of(&p) = v
		}
		points = append(points, p)
	}
	return points, nil
}

func loads(points []Point) []sizing.Drivers {
	all := make([]sizing.Drivers, len(points))
	for i := range points {
		all[i] = points[i].Load
	}
	return all
}
