// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"
	"math"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// columns are a row of the fit: what each coefficient is multiplied by.
func columns(d sizing.Drivers) []float64 {
	return []float64{1, d.Nodes, d.Pods, d.Objects, d.Bytes, d.Requests}
}

// Fit fits a curve to what was needed under each load. Its Error is the root mean square
// of the relative errors; residuals are those of each point, (curve − need) / need.
// Points whose need is not above zero cannot be fitted.
func Fit(loads []sizing.Drivers, needs []float64) (curve sizing.Curve, residuals []float64, err error) {
	if len(loads) != len(needs) || len(loads) == 0 {
		return curve, nil, fmt.Errorf("fitting a curve: %d loads and %d needs", len(loads), len(needs))
	}
	rows, ones := make([][]float64, len(loads)), make([]float64, len(loads))
	for i, d := range loads {
		if !(needs[i] > 0) {
			return curve, nil, fmt.Errorf("fitting a curve: point %d needs %v", i, needs[i])
		}
		row := columns(d)
		for j := range row {
			row[j] /= needs[i]
		}
		rows[i], ones[i] = row, 1
	}
	x, err := NNLS(rows, ones)
	if err != nil {
		return curve, nil, err
	}
	curve = sizing.Curve{Base: x[0], Each: sizing.Drivers{Nodes: x[1], Pods: x[2], Objects: x[3], Bytes: x[4], Requests: x[5]}}
	sum := 0.0
	for i, d := range loads {
		off := (curve.At(d) - needs[i]) / needs[i]
		residuals = append(residuals, off)
		sum += off * off
	}
	curve.Error = math.Sqrt(sum / float64(len(loads)))
	return curve, residuals, nil
}

// Most is the largest of each driver.
func Most(loads []sizing.Drivers) (m sizing.Drivers) {
	for _, d := range loads {
		m.Nodes, m.Pods, m.Objects = max(m.Nodes, d.Nodes), max(m.Pods, d.Pods), max(m.Objects, d.Objects)
		m.Bytes, m.Requests = max(m.Bytes, d.Bytes), max(m.Requests, d.Requests)
	}
	return m
}
