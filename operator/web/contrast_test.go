// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every color that letters have can be read on every ground they stand on, dark and light:
// 4.5 to 1, by WCAG 2's contrast of text; lines of charts 3 to 1.
func TestContrast(t *testing.T) {
	css, err := os.ReadFile("static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	colors := map[string][2]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): light-dark\((#[0-9a-f]+), (#[0-9a-f]+)\)`).FindAllStringSubmatch(string(css), -1) {
		colors[m[1]] = [2]string{m[2], m[3]}
	}
	for _, one := range []struct {
		texts, grounds string
		least          float64
	}{
		{"text quiet link ok warn bad", "bg soft", 4.5}, {"text quiet warn link", "warn-soft", 4.5}, {"text quiet bad link", "bad-soft", 4.5}, {"bg", "link bad", 4.5}, {"a b c d e ok warn bad", "bg", 3},
	} {
		for text := range strings.FieldsSeq(one.texts) {
			for ground := range strings.FieldsSeq(one.grounds) {
				for i, scheme := range []string{"light", "dark"} {
					if c := contrast(t, colors[text][i], colors[ground][i]); c < one.least {
						t.Errorf("%s on %s in %s: %.2f to 1, want %.1f", text, ground, scheme, c, one.least)
					}
				}
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (math.Max(x, y) + .05) / (math.Min(x, y) + .05)
}

func luminance(t *testing.T, color string) float64 {
	t.Helper()
	color = strings.TrimPrefix(color, "#")
	if len(color) == 3 {
		color = string([]byte{color[0], color[0], color[1], color[1], color[2], color[2]})
	}
	sum := 0.
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(color[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
