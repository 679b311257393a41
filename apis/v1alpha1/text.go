// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strings"
	"unicode/utf8"
)

// Fit shortens text to so many bytes, between two runes, for a field that is bounded. What
// is no UTF-8 is replaced.
func Fit(text string, most int) string {
	const ellipsis = "..."
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= most {
		return text
	}
	end := max(most-len(ellipsis), 0)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}
