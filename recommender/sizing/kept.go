// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	vpa "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/util"
)

// keptVersion is the form in which a history is kept; another one is not read.
const keptVersion = 1

// kept is a history as it is written down.
type kept struct {
	Version int                     `json:"version"`
	Per     float64                 `json:"per"`
	Profile string                  `json:"profile,omitempty"`
	Gives   float64                 `json:"gives,omitempty"`
	Ratios  vpa.HistogramCheckpoint `json:"ratios"`
	Day     map[int]keptPeak        `json:"day,omitempty"`
	Spikes  []keptSpike             `json:"spikes,omitempty"`
	Wound   float64                 `json:"wound,omitempty"`
	Wounded time.Time               `json:"wounded,omitzero"`
	First   time.Time               `json:"first,omitzero"`
	Seen    time.Time               `json:"seen,omitzero"`
	Samples int                     `json:"samples"`
}

type keptPeak struct {
	Day    int32      `json:"day"`
	Today  float32    `json:"today,omitempty"`
	Before [3]float32 `json:"before,omitzero"`
}

type keptSpike struct {
	At  time.Time `json:"at"`
	Top float64   `json:"top"`
}

// Save is the history as JSON, some hundred bytes. What the last minutes were is left
// out: whoever starts again waits for new ones.
func (h *History) Save() ([]byte, error) {
	k := kept{Version: keptVersion, Per: h.per, Profile: h.basis.profile, Gives: h.basis.gives, Wound: h.wound, Wounded: h.wounded, First: h.first, Seen: h.seen, Samples: h.samples, Day: map[int]keptPeak{}}
	ratios, err := h.ratios.SaveToChekpoint()
	if err != nil {
		return nil, fmt.Errorf("writing a history of %s: %w", h.rule.Kind, err)
	}
	k.Ratios = *ratios
	for _, s := range h.spikes.known {
		k.Spikes = append(k.Spikes, keptSpike{s.at, s.top})
	}
	for hour, p := range h.day {
		if p.day != 0 {
			k.Day[hour] = keptPeak{p.day, p.today, p.before}
		}
	}
	raw, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("writing a history of %s: %w", h.rule.Kind, err)
	}
	return raw, nil
}

// LoadHistory is a history that was saved, under the same rule. One that holds numbers
// that no history can have is refused whole.
func LoadHistory(r Rule, raw []byte) (*History, error) {
	var k kept
	if err := json.Unmarshal(raw, &k); err != nil {
		return nil, fmt.Errorf("reading a history of %s: %w", r.Kind, err)
	}
	if err := k.check(); err != nil {
		return nil, fmt.Errorf("reading a history of %s: %w", r.Kind, err)
	}
	h := NewHistory(r)
	if k.Samples > 0 {
		if err := h.ratios.LoadFromCheckpoint(&k.Ratios); err != nil {
			return nil, fmt.Errorf("reading a history of %s: %w", r.Kind, err)
		}
	}
	h.per, h.wound, h.wounded, h.first, h.seen, h.samples = k.Per, k.Wound, k.Wounded, k.First, k.Seen, k.Samples
	h.basis = basis{k.Profile, k.Gives}
	for _, s := range k.Spikes {
		h.spikes.known = append(h.spikes.known, spike{s.At, s.Top})
	}
	for hour, p := range k.Day {
		h.day[hour] = peak{p.Day, p.Today, p.Before}
	}
	return h, nil
}

// Clone is the same history, which goes its own way from here.
func (h *History) Clone() *History {
	c := *h
	c.ratios = util.NewDecayingHistogram(buckets, h.rule.HalfLife)
	c.ratios.Merge(h.ratios)
	c.last, c.spikes.known = slices.Clone(h.last), slices.Clone(h.spikes.known)
	return &c
}

// check refuses what no history says.
func (k *kept) check() error {
	if k.Version != keptVersion {
		return fmt.Errorf("its form is %d, and only %d is known", k.Version, keptVersion)
	}
	if k.Samples < 0 || !sane(k.Per) || !(k.Gives >= 0 && k.Gives < most) || !isRatio(k.Wound) || !(k.Ratios.TotalWeight >= 0) || math.IsInf(k.Ratios.TotalWeight, 0) {
		return errors.New("a number in it is none that a history has")
	}
	if len(k.Spikes) > mostSpikes || slices.ContainsFunc(k.Spikes, func(s keptSpike) bool { return !isRatio(s.Top) }) {
		return errors.New("the spikes in it are none that a history has")
	}
	for hour, p := range k.Day {
		if hour < 0 || hour >= hours || slices.ContainsFunc(append(p.Before[:], p.Today), func(v float32) bool { return !isRatio(float64(v)) }) {
			return errors.New("an hour in it is none that a day has")
		}
	}
	return nil
}

// isRatio tells whether a number may be a ratio to the curve.
func isRatio(v float64) bool {
	return v >= 0 && v <= highest*highest // and no NaN
}
