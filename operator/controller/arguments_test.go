// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

func TestAProtectionIsNeverBolderThanItsProfile(t *testing.T) {
	for _, c := range []struct {
		mode       v1alpha1.Mode
		protection v1alpha1.ProtectionMode
		want       plane.Mode
	}{
		{"", "", plane.Recommend},
		{"", v1alpha1.ProtectionEnforce, plane.Recommend},
		{v1alpha1.ModeRecommend, "", plane.Recommend},
		{v1alpha1.ModeRecommend, v1alpha1.ProtectionOff, plane.Off},
		{v1alpha1.ModeRecommend, v1alpha1.ProtectionRecommend, plane.Recommend},
		{v1alpha1.ModeRecommend, v1alpha1.ProtectionEnforce, plane.Recommend},
		{v1alpha1.ModeEnforce, "", plane.Enforce},
		{v1alpha1.ModeEnforce, v1alpha1.ProtectionOff, plane.Off},
		{v1alpha1.ModeEnforce, v1alpha1.ProtectionRecommend, plane.Recommend},
		{v1alpha1.ModeEnforce, v1alpha1.ProtectionEnforce, plane.Enforce},
		{"Bold", "Bolder", plane.Recommend},
	} {
		if got := effective(c.mode, c.protection); got != c.want {
			t.Errorf("effective(%q, %q) is %s, want %s", c.mode, c.protection, got, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "text"))
		most := rapid.IntRange(3, 64).Draw(t, "most")
		got := v1alpha1.Fit(text, most)
		if len(got) > most || !utf8.ValidString(got) {
			t.Fatalf("v1alpha1.Fit(%q, %d) is %q: %d bytes, valid %v", text, most, got, len(got), utf8.ValidString(got))
		}
		if utf8.ValidString(text) && len(text) <= most && got != text {
			t.Fatalf("v1alpha1.Fit(%q, %d) is %q, want it whole", text, most, got)
		}
	})
}
