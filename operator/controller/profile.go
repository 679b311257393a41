// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/zones"
)

// The defaults of the CRD, for profiles that were stored before a field had one.
const (
	defaultTerm         = 600
	defaultMaxTerm      = 21600
	defaultMaxSentences = 10
)

// profile is the spec as the recommender takes it.
func (p *pass) profile() plane.Profile {
	spec := p.cpp.Spec
	sentence := spec.Protection.Sentence
	out := plane.Profile{
		Jail:         effective(spec.Mode, spec.Protection.Jail),
		LoadLine:     effective(spec.Mode, spec.Protection.LoadLine),
		Shares:       effective(spec.Mode, spec.Protection.Shares),
		Paused:       p.paused(),
		Term:         seconds(sentence.DurationSeconds, defaultTerm),
		MaxTerm:      seconds(sentence.MaxDurationSeconds, defaultMaxTerm),
		MaxSentences: int(orDefault(sentence.MaxSentences, defaultMaxSentences)),
		NeverJail:    slices.Clone(spec.Protection.NeverJail),
		Manual:       manual(spec.Protection.Sentences),
		Self:         p.tenant.User(),
		Tick:         p.r.Options.Tick,
		ManageFlags:  spec.APIServer.Flags == v1alpha1.FlagsManage,
		Sizing:       p.sizingProfile(),
		Care:         p.careProfile(),
		Scaling:      p.scalingProfile(),
	}
	out.Zones, out.Spread = int(spec.Availability.Zones), effective(spec.Mode, orRecommend(spec.Availability.Spread))
	if out.Class = spec.Availability.Target; out.Class == "" {
		out.Class = zones.Class(out.Zones)
	}
	out.Windows, _ = p.windows()
	if s := spec.APIServer.Seats; s != nil {
		out.SeatsMin, out.SeatsMax = value(s.Min), value(s.Max)
	}
	return out
}

// paused tells whether a person has stopped every write.
func (p *pass) paused() bool { return p.cpp.Annotations[v1alpha1.PausedAnnotation] == "true" }

// effective is the mode of one protection: never bolder than the profile's.
func effective(mode v1alpha1.Mode, protection v1alpha1.ProtectionMode) plane.Mode {
	switch {
	case protection == v1alpha1.ProtectionOff:
		return plane.Off
	case mode == v1alpha1.ModeEnforce && (protection == "" || protection == v1alpha1.ProtectionEnforce):
		return plane.Enforce
	default:
		return plane.Recommend
	}
}

// orRecommend is the CRD's default of what is done about a spread, for profiles that were
// stored before.
func orRecommend(m v1alpha1.ProtectionMode) v1alpha1.ProtectionMode {
	if m == "" {
		return v1alpha1.ProtectionRecommend
	}
	return m
}

// enforces tells whether the profile asks for anything to be written.
func (p *pass) enforces() bool {
	protection := p.cpp.Spec.Protection
	return slices.ContainsFunc([]v1alpha1.ProtectionMode{protection.Jail, protection.LoadLine, protection.Shares}, func(m v1alpha1.ProtectionMode) bool {
		return effective(p.cpp.Spec.Mode, m) == plane.Enforce
	})
}

func seconds(n, standard int32) time.Duration {
	return time.Duration(orDefault(n, standard)) * time.Second
}

func orDefault(n, standard int32) int32 {
	if n == 0 {
		return standard
	}
	return n
}

func value(n *int32) int {
	if n == nil {
		return 0
	}
	return int(*n)
}
