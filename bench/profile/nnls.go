// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"errors"
	"fmt"
	"math"
)

// NNLS minimizes |Ax − b| over x ≥ 0 by the active-set method of Lawson and Hanson
// (Solving Least Squares Problems, 1974, chapter 23). A is given by rows, each as long
// as there are unknowns. Columns may be of any scale. A column that the others make up
// stays out: its unknown is 0.
func NNLS(a [][]float64, b []float64) ([]float64, error) {
	scale, err := scales(a, b)
	if err != nil {
		return nil, err
	}
	unknowns := len(scale)
	x, passive := make([]float64, unknowns), make([]bool, unknowns)
	barred := make([]bool, unknowns) // columns that the passive ones make up
	for range 10*unknowns + 10 {
		j := steepest(gradient(a, b, x, scale), passive, barred)
		if j < 0 {
			break
		}
		passive[j] = true
		s, ok := solve(a, b, scale, passive)
		if !ok || s[j] <= 0 { // it would go nowhere
			passive[j], barred[j] = false, true
			continue
		}
		clear(barred)
		for !inside(s, passive) {
			retreat(x, s, passive)
			if s, ok = solve(a, b, scale, passive); !ok {
				return nil, errors.New("fitting: the columns cannot be told apart")
			}
		}
		x = s
	}
	for j := range x {
		x[j] /= scale[j]
	}
	return x, nil
}

// scales are the lengths of the columns; those of nothing but zeros have 1.
func scales(a [][]float64, b []float64) ([]float64, error) {
	if len(a) == 0 || len(a) != len(b) || len(a[0]) == 0 {
		return nil, fmt.Errorf("fitting: %d rows and %d values", len(a), len(b))
	}
	scale := make([]float64, len(a[0]))
	for i, row := range a {
		if len(row) != len(scale) {
			return nil, fmt.Errorf("fitting: row %d has %d columns, not %d", i, len(row), len(scale))
		}
		sum := b[i]
		for j, v := range row {
			scale[j] = math.Hypot(scale[j], v)
			sum += v
		}
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			return nil, fmt.Errorf("fitting: row %d is no numbers", i)
		}
	}
	for j := range scale {
		if scale[j] == 0 {
			scale[j] = 1
		}
	}
	return scale, nil
}

// gradient is how much closer each unknown would bring Ax to b: Aᵀ(b − Ax), of the
// scaled columns, in parts of |b|.
func gradient(a [][]float64, b, x, scale []float64) []float64 {
	g, length := make([]float64, len(x)), 0.0
	for i, row := range a {
		left := b[i]
		for j, v := range row {
			left -= v / scale[j] * x[j]
		}
		for j, v := range row {
			g[j] += v / scale[j] * left
		}
		length = math.Hypot(length, b[i])
	}
	for j := range g {
		g[j] /= math.Max(length, math.SmallestNonzeroFloat64)
	}
	return g
}

// steepest is the unknown at zero that most wants to grow; below zero there is none.
func steepest(g []float64, passive, barred []bool) int {
	best, most := -1, 1e-10
	for j, v := range g {
		if !passive[j] && !barred[j] && v > most {
			best, most = j, v
		}
	}
	return best
}

// inside is true when no passive unknown is at or below zero.
func inside(s []float64, passive []bool) bool {
	for j, p := range passive {
		if p && s[j] <= 0 {
			return false
		}
	}
	return true
}

// retreat goes from x towards s until the first unknown is at zero, which stays there.
func retreat(x, s []float64, passive []bool) {
	step, first := 1.0, -1
	for j, p := range passive {
		if p && s[j] <= 0 {
			if part := x[j] / (x[j] - s[j]); first < 0 || part < step {
				step, first = part, j
			}
		}
	}
	for j := range x {
		x[j] += step * (s[j] - x[j])
	}
	x[first], passive[first] = 0, false
}

// solve is the least-squares solution over the passive columns, scaled, the others at
// zero, by Gauss' elimination of the normal equations; ok is false where the columns
// cannot be told apart.
func solve(a [][]float64, b, scale []float64, passive []bool) (x []float64, ok bool) {
	var columns []int
	for j, p := range passive {
		if p {
			columns = append(columns, j)
		}
	}
	m := make([][]float64, len(columns))
	for r, j := range columns {
		m[r] = make([]float64, len(columns)+1)
		for i, row := range a {
			for c, k := range columns {
				m[r][c] += row[j] / scale[j] * row[k] / scale[k]
			}
			m[r][len(columns)] += row[j] / scale[j] * b[i]
		}
	}
	if !eliminate(m) {
		return nil, false
	}
	x = make([]float64, len(scale))
	for r, j := range columns {
		x[j] = m[r][len(columns)]
	}
	return x, true
}

// eliminate brings the equations to the unit matrix; their last column is then the
// solution. The diagonal is 1 before, so that a pivot near zero means a column that the
// ones before it make up.
func eliminate(m [][]float64) bool {
	for p := range m {
		best := p
		for r := p + 1; r < len(m); r++ {
			if math.Abs(m[r][p]) > math.Abs(m[best][p]) {
				best = r
			}
		}
		m[p], m[best] = m[best], m[p]
		if math.Abs(m[p][p]) < 1e-9 {
			return false
		}
		for c := len(m); c >= p; c-- {
			m[p][c] /= m[p][p]
		}
		for r := range m {
			if r == p {
				continue
			}
			for c := len(m); c >= p; c-- {
				m[r][c] -= m[r][p] * m[p][c]
			}
		}
	}
	return true
}
