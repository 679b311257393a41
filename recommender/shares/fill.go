// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package shares

import (
	"cmp"
	"math"
	"slices"
)

// fill pours total into vessels: each gets level·weight, no less than its low and no
// more than its high, and the level is the one at which all is poured. This is
// max-min fairness by weight. Where the lows are more than total, or the highs less,
// the lows or the highs are what it gives.
func fill(total float64, weight, low, high []float64) []float64 {
	at := func(level float64) (all []float64, sum float64) {
		all = make([]float64, len(weight))
		for i, w := range weight {
			all[i] = min(max(level*w, low[i]), max(high[i], low[i]))
			sum += all[i]
		}
		return all, sum
	}
	// Sixty halvings are all that a float can tell apart; the highest level is one at
	// which the lightest vessel alone would hold everything.
	from, to := 0.0, total/lightest(weight)
	for range 60 {
		middle := (from + to) / 2
		if _, sum := at(middle); sum < total {
			from = middle
		} else {
			to = middle
		}
	}
	all, _ := at(to)
	return all
}

func lightest(weight []float64) float64 {
	least := math.Inf(1)
	for _, w := range weight {
		if w > 0 {
			least = min(least, w)
		}
	}
	return least
}

// whole rounds a division to whole shares that add up to total: down, and what is left
// goes to those that lost the most by it, the first among equals. low are floors that
// parts fulfill already.
func whole(total int, parts []float64, low []int) []int {
	const dust = 1e-6 // what adding floats up may lack
	all := make([]int, len(parts))
	order := make([]int, len(parts))
	left := total
	for i, p := range parts {
		all[i] = max(int(p+dust), low[i])
		left -= all[i]
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(parts[b]-float64(all[b]), parts[a]-float64(all[a]))
	})
	for i := 0; left > 0; i++ {
		all[order[i%len(order)]]++
		left--
	}
	for i := len(order) - 1; left < 0 && i >= 0; i-- { // by dust alone
		take := min(-left, all[order[i]]-low[order[i]])
		all[order[i]] -= take
		left += take
	}
	return all
}

func floats(numbers []int) []float64 {
	all := make([]float64, len(numbers))
	for i, n := range numbers {
		all[i] = float64(n)
	}
	return all
}
