// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

func TestFit(t *testing.T) {
	for in, want := range map[string]string{"short": "short", "exactly 10": "exactly 10", "elevenchars": "elevenc...", "ééééééé": "ééé...", "a\xffb": "a\uFFFDb"} {
		if got := v1alpha1.Fit(in, 10); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text, most := rapid.String().Draw(t, "text"), rapid.IntRange(3, 40).Draw(t, "most")
		got := v1alpha1.Fit(text, most)
		if len(got) > most || !utf8.ValidString(got) || len(text) <= most && got != text || !strings.HasPrefix(text, strings.TrimSuffix(got, "...")) {
			t.Fatalf("%q in %d bytes is %q", text, most, got)
		}
	})
}
