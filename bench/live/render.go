// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Style is how a block is drawn.
type Style struct {
	// Width is in columns. Below 80 parts are left out; below 40 the block is one
	// line.
	Width int
	// Color allows ANSI colors.
	Color bool
}

const (
	// full is the width that shows everything, tiny the one below which there is
	// no room for a block.
	full = 80
	tiny = 40
	// decisionRows is how many rows the last decision may take.
	decisionRows = 3
)

// Render is the state as a block of lines, each at most Style.Width columns wide
// and ended by a newline. It has the same number of lines for the same width, so
// that the block does not jump.
func Render(s State, style Style) string {
	if style.Width < tiny {
		return cut(clean(Line(s)), max(style.Width, 1)) + "\n"
	}
	lines := []line{
		ends(style.Width, line{{"Evenkeel", bold}, {" · " + clean(s.Title), plain}}, line{{seconds(s.Elapsed) + " so far", faint}}),
		ends(style.Width, phaseLine(s.Phase), line{{left(s.Phase.Left), faint}}),
		{{strings.Repeat("─", style.Width), faint}},
		sparkLine(s.Victims, style.Width),
		victimsLine(s.Victims, style.Width),
		offenderLine(s, style.Width),
		seatsLine(s, style.Width),
		jailedLine(s.Jailed),
	}
	lines = append(lines, decisionLines(s.Decision, style.Width)...)
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.draw(style.Width, style.Color) + "\n")
	}
	return b.String()
}

// ends puts one line at the left end and another at the right; where there is no
// room for both, the right one goes.
func ends(width int, left, right line) line {
	gap := width - left.columns() - right.columns()
	if gap < 2 {
		return left
	}
	return append(append(left, span{strings.Repeat(" ", gap), plain}), right...)
}

// labeled starts a line of the block's lower part.
func labeled(label string, rest ...span) line {
	return append(line{{fmt.Sprintf("%-11s ", label), faint}}, rest...)
}

func phaseLine(p Phase) line {
	name := span{clean(p.Name), bold}
	if p.Of <= 0 {
		return line{name}
	}
	return line{{fmt.Sprintf("[%d/%d] ", p.Number, p.Of), faint}, name}
}

func sparkLine(v Victims, width int) line {
	l := labeled("p99 by sec.")
	legend := span{"  ▁ 1 ms  █ 10 s", faint}
	if width < full {
		legend.text = ""
	}
	room := width - l.columns() - columns(legend.text)
	return append(append(l, spark(v.PerSecond, room)...), legend)
}

func victimsLine(v Victims, width int) line {
	l := labeled("victims",
		span{"p50 ", plain}, span{milliseconds(v.P50), toneOf(v.P50)},
		span{"   p99 ", plain}, span{milliseconds(v.P99), toneOf(v.P99)})
	if width >= full {
		l = append(l, span{"   in the last 2 s", faint})
	}
	tone := plain
	if v.Failed > 0 {
		tone = red
	}
	return append(l, span{"   failed ", plain}, span{strconv.Itoa(v.Failed), tone})
}

func offenderLine(s State, width int) line {
	l := labeled("offender", span{perSecond(s.OffenderRate) + " answered", plain})
	if width >= full {
		l = append(l, span{"   " + perSecond(s.OffenderRefused) + " refused", plain})
	}
	if s.OffenderName != "" {
		l = append(l, span{"   " + clean(s.OffenderName), faint})
	}
	return l
}

func seatsLine(s State, width int) line {
	if s.Ceiling <= 0 {
		return labeled("load line", span{"not known yet", faint})
	}
	l := labeled("load line", span{fmt.Sprintf("%d of %d seats, %d in use", s.LoadLine, s.Ceiling, s.Used), plain})
	if width < full {
		return l
	}
	return append(l, span{"   ", plain}, span{seatBar(s, 24), faint})
}

// seatBar shows the seats of one replica: in use, free below the load line, and
// held back above it.
func seatBar(s State, cells int) string {
	part := func(seats int) int {
		return min(max(int(math.Round(float64(seats)/float64(s.Ceiling)*float64(cells))), 0), cells)
	}
	line := part(s.LoadLine)
	used := min(part(s.Used), line)
	return strings.Repeat("█", used) + strings.Repeat("░", line-used) + strings.Repeat("·", cells-line)
}

func jailedLine(jailed []string) line {
	switch len(jailed) {
	case 0:
		return labeled("jailed", span{"nobody", plain})
	case 1:
		return labeled("jailed", span{clean(jailed[0]), yellow})
	default:
		return labeled("jailed", span{fmt.Sprintf("%d: ", len(jailed)), yellow}, span{clean(strings.Join(jailed, ", ")), yellow})
	}
}

func decisionLines(d Decision, width int) []line {
	lines := make([]line, decisionRows+1)
	if d.At.IsZero() {
		lines[0] = labeled("decision", span{"none yet", faint})
		return lines
	}
	lines[0] = labeled("decision", span{d.At.Format(time.TimeOnly), plain}, span{"  " + clean(d.Reason), bold})
	indent := labeled("").columns()
	for i, row := range wrap(clean(d.Message), width-indent, decisionRows) {
		lines[i+1] = labeled("", span{row, plain})
	}
	return lines
}

// left is a countdown in words.
func left(d time.Duration) string {
	if d < 0 {
		return "until it is over"
	}
	return seconds(d) + " left"
}

// seconds is a duration as people read a stopwatch: 42 s, 3:07.
func seconds(d time.Duration) string {
	whole := int(d.Round(time.Second).Seconds())
	if whole < 60 {
		return fmt.Sprintf("%d s", whole)
	}
	return fmt.Sprintf("%d:%02d", whole/60, whole%60)
}

func milliseconds(ms float64) string {
	switch {
	case math.IsNaN(ms):
		return "–"
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 10_000:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.1f s", ms/1000)
	}
}

func perSecond(rate float64) string {
	if math.IsNaN(rate) {
		return "–"
	}
	return fmt.Sprintf("%.1f/s", rate)
}
