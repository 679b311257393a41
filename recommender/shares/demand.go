// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package shares

import (
	"math"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// keeps is the part of what the tenant gave a level that demand cannot take from
	// it: what is idle today may be needed at once tomorrow. Protected levels keep all.
	keeps = 0.5
	// stepPart is how much of a level's shares one move may be, and least the seats
	// that a level must be away from its target before anything is moved.
	stepPart = 10
	least    = 2.0
)

// Target is the division that smoothed demand asks for, in shares by the order of
// division, which is what Protect has given.
//
// It is water-filling, weighted by what the tenant gave each level: where there is
// enough for all demands, each is met and the rest returns levels to what they had;
// where there is not, no level gets more than its weight's part while another's demand
// within its own is not met.
func Target(in Input, division []plane.LevelShares) []int {
	t := tableOf(in)
	_, floors := t.floors()
	had := make([]int, len(division))
	for i, l := range division {
		had[i] = l.Portion.Shares
	}
	if floors == nil {
		return had
	}
	total := float64(t.sum)
	perSeat := float64(t.total) / float64(t.ceiling)
	weight := t.each(func(l plane.Level) float64 { return float64(max(original(l).Shares, 1)) })
	low, kept, wanted, free := floats(floors), make([]float64, len(had)), make([]float64, len(had)), make([]float64, len(had))
	sumKept, sumWanted := 0.0, 0.0
	for i, l := range t.levels {
		kept[i] = max(low[i], keeps*weight[i])
		if need(l.Name) > 0 {
			kept[i] = max(low[i], weight[i])
		}
		wanted[i] = max(kept[i], in.Demand[l.Name]*perSeat)
		free[i] = math.Inf(1)
		sumKept += kept[i]
		sumWanted += wanted[i]
	}
	switch {
	case sumKept > total:
		return whole(t.sum, fill(total, weight, low, kept), floors)
	case sumWanted > total:
		return whole(t.sum, fill(total, weight, kept, wanted), floors)
	default:
		return whole(t.sum, fill(total, weight, wanted, free), floors)
	}
}

// Leaning is which way each level should move to its target: 1 for more, -1 for
// fewer; levels that are near it are left out. Empty means that nothing is to move.
func Leaning(in Input, division []plane.LevelShares, target []int) map[string]int {
	t := tableOf(in)
	leaning := map[string]int{}
	for i, l := range division {
		away := target[i] - l.Portion.Shares
		switch seats := float64(away) * float64(t.ceiling) / float64(max(t.total, 1)); {
		case seats >= least:
			leaning[l.Name] = 1
		case seats <= -least:
			leaning[l.Name] = -1
		}
	}
	return leaning
}

// Toward is the division after one move towards the target: no level gains or gives
// more than a tenth of its shares, or one where that is less.
func Toward(division []plane.LevelShares, target []int) []plane.LevelShares {
	gain, give := make([]float64, len(division)), make([]float64, len(division))
	gains, gives := 0, 0
	for i, l := range division {
		bound := max(1, l.Portion.Shares/stepPart)
		up := min(max(target[i]-l.Portion.Shares, 0), bound)
		down := min(max(l.Portion.Shares-target[i], 0), bound)
		gain[i], give[i] = float64(up), float64(down)
		gains, gives = gains+up, gives+down
	}
	moved := min(gains, gives)
	up, down := part(gain, moved, gains), part(give, moved, gives)
	all := make([]plane.LevelShares, len(division))
	for i, l := range division {
		l.Portion.Shares += up[i] - down[i]
		switch {
		case up[i] > 0:
			l.Reason = "its demand has asked for more for some time"
		case down[i] > 0:
			l.Reason = "its demand has left seats idle that others ask for"
		}
		all[i] = l
	}
	return all
}

// part cuts bounds that add up to sum down to moved in all.
func part(bounds []float64, moved, sum int) []int {
	parts := make([]float64, len(bounds))
	for i, b := range bounds {
		parts[i] = b * float64(moved) / float64(max(sum, 1))
	}
	return whole(moved, parts, make([]int, len(bounds)))
}
