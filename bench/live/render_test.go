// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// storm is a state in the middle of a storm.
func storm() State {
	perSecond := []float64{0.4, 1, 3, 8, 12, 79, 60, math.NaN(), 240, 900, 2200, 5037, 9800, 12000, 4100, 300, 67, 70}
	return State{
		Title: "list-storm", Elapsed: 92 * time.Second,
		Phase:        Phase{Name: "storm, Evenkeel enforces", Number: 4, Of: 6, Left: 18 * time.Second},
		Victims:      Victims{PerSecond: perSecond, P50: 7.24, P99: 67.2, Failed: 0},
		OffenderName: "system:serviceaccount:telemetry:agent", OffenderRate: 0, OffenderRefused: 412,
		LoadLine: 212, Ceiling: 600, Used: 71,
		Jailed: []string{"system:serviceaccount:telemetry:agent (list pods, cluster-wide)"},
		Decision: Decision{
			At: time.Date(2026, 11, 23, 14, 2, 11, 0, time.UTC), Reason: "OffenderJailed",
			Message: "jailed system:serviceaccount:telemetry:agent (list pods, cluster-wide), one request at a time, until 14:12: it held 58 of 60 seats in 3 of 3 samples over 2 s; 41 others waited, the oldest 4.1 s",
		},
	}
}

func TestRenderGoldens(t *testing.T) {
	states := map[string]State{"storm": storm(), "start": {
		Title: "list-storm", Phase: Phase{Name: "building", Left: -1},
		Victims: Victims{P50: math.NaN(), P99: math.NaN()}, OffenderRate: math.NaN(), OffenderRefused: math.NaN(),
	}}
	for name, state := range states {
		for _, width := range []int{30, 60, 80, 120} {
			t.Run(fmt.Sprintf("%s at %d", name, width), func(t *testing.T) {
				golden(t, fmt.Sprintf("%s-%d.txt", name, width), Render(state, Style{Width: width}))
			})
		}
	}
	golden(t, "storm-80-color.txt", strings.ReplaceAll(Render(storm(), Style{Width: 80, Color: true}), "\x1b", "ESC"))
	golden(t, "storm-line.txt", Line(storm())+"\n"+DecisionLine(storm().Decision)+"\n")
}

// What a tenant chooses to be called must neither break the block nor reach the
// terminal as a command.
func TestRenderFitsWhateverTheTextIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 200).Draw(t, "width")
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"\x1b[2J\x1b]0;owned\a", "a\r\nb", "日本語のなまえ", "e\u0301\u0301", "\u202eright to left", strings.Repeat("x", 500),
		}))
		s := storm()
		s.Title, s.Phase.Name, s.OffenderName = text.Draw(t, "title"), text.Draw(t, "phase"), text.Draw(t, "name")
		s.Jailed = rapid.SliceOfN(text, 0, 3).Draw(t, "jailed")
		s.Decision.Reason, s.Decision.Message = text.Draw(t, "reason"), text.Draw(t, "message")
		block := Render(s, Style{Width: width})
		lines := strings.Split(strings.TrimSuffix(block, "\n"), "\n")
		for _, l := range lines {
			if columns(l) > width {
				t.Fatalf("width %d: %d columns in %q", width, columns(l), l)
			}
			if strings.ContainsFunc(l, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x202e || r >= 0x80 && r < 0xa0 }) {
				t.Fatalf("a control character in %q", l)
			}
		}
		if want := strings.Count(Render(storm(), Style{Width: width}), "\n"); len(lines) != want {
			t.Fatalf("width %d: %d lines, want %d for every state:\n%s", width, len(lines), want, block)
		}
	})
}

func TestSparkLevels(t *testing.T) {
	for _, tt := range []struct {
		ms   float64
		want string
	}{
		{0, "▁"}, {1, "▁"}, {3.1, "▁"}, {3.2, "▂"}, {31, "▃"}, {99, "▄"}, {101, "▅"}, {999, "▆"}, {3300, "█"}, {10_000, "█"}, {1e9, "█"},
		{math.Inf(1), "█"}, {math.NaN(), " "},
	} {
		if got := spark([]float64{tt.ms}, 1).draw(1, false); got != strings.TrimRight(tt.want, " ") {
			t.Errorf("spark of %v ms = %q, want %q", tt.ms, got, tt.want)
		}
	}
	if got := spark([]float64{1, 1e5, 1e5}, 2).draw(2, false); got != "██" {
		t.Errorf("spark keeps %q, want the last two seconds", got)
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		text       string
		most, rows int
		want       []string
	}{
		{"one two three", 20, 2, []string{"one two three"}},
		{"one two three", 7, 2, []string{"one two", "three"}},
		{"one two three", 8, 3, []string{"one two", "three"}},
		{"one two three four", 7, 2, []string{"one two", "three …"}},
		{"abcdefghij", 4, 3, []string{"abcd", "efgh", "ij"}},
		{"", 4, 3, []string{""}},
		{"日本語", 4, 2, []string{"日本", "語"}},
	} {
		if diff := cmp.Diff(tt.want, wrap(tt.text, tt.most, tt.rows)); diff != "" {
			t.Errorf("wrap(%q, %d, %d) (-want +got):\n%s", tt.text, tt.most, tt.rows, diff)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with go test ./bench/live -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
