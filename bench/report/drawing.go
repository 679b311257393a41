// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"
)

// drawing is an SVG that is being written. Colors are in its style sheet alone.
type drawing struct{ strings.Builder }

// style gives the classes their colors, for a light and for a dark page.
const style = `<style>
text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:#57606a}
.phase{font-weight:600;fill:#1f2328}
.page{fill:#ffffff}.grid{stroke:#d0d7de;fill:none}
.harm{fill:#cf222e;opacity:.09}.shield{fill:#1a7f37;opacity:.10}.between{fill:#8c959f;opacity:.07}
.band{fill:#0969da;opacity:.16}.p99{stroke:#0969da;stroke-width:2;fill:none}.p50{stroke:#0969da;opacity:.55;fill:none}
.mark{stroke:#57606a;stroke-dasharray:3 3}.failed{fill:#cf222e}
@media (prefers-color-scheme:dark){
text{fill:#9198a1}.phase{fill:#f0f6fc}.page{fill:#0d1117}.grid{stroke:#30363d}
.harm{fill:#f85149;opacity:.16}.shield{fill:#3fb950;opacity:.14}
.band{fill:#58a6ff;opacity:.2}.p99{stroke:#58a6ff}.p50{stroke:#58a6ff}.mark{stroke:#9198a1}.failed{fill:#f85149}
}
</style>
`

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(&d.Builder, format, args...) }

func (d *drawing) open(title, description string) {
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-labelledby="title desc">`+"\n",
		pictureWidth, pictureHeight)
	d.printf("<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n", html.EscapeString(title), html.EscapeString(description))
	d.WriteString(style)
	d.printf(`<rect class="page" width="%g" height="%g" rx="6"/>`+"\n", pictureWidth, pictureHeight)
}

func (d *drawing) text(x, y float64, class, anchor, text string) {
	if class != "" {
		class = fmt.Sprintf(` class="%s"`, class)
	}
	d.printf(`<text x="%.1f" y="%.1f"%s text-anchor="%s">%s</text>`+"\n", x, y, class, anchor, html.EscapeString(text))
}

func (d *drawing) vertical(class string, x, from, to float64) {
	d.printf(`<path class="%s" d="M%.1f %.1fV%.1f"/>`+"\n", class, x, from, to)
}

// phases tints their stretches and writes their labels above, in two rows where
// one is too narrow.
func (d *drawing) phases(phases []Phase, x scale) {
	for _, p := range phases {
		from, to := x.second(p.From), x.second(p.To)
		class := "between"
		if p.Tone != "" {
			class = string(p.Tone)
		}
		d.printf(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`+"\n",
			html.EscapeString(class), from, plotTop, to-from, plotBottom-plotTop)
		for i, row := range twoRows(p.Label, to-from) {
			d.text((from+to)/2, phaseRow+float64(i)*rowHeight, "phase", "middle", row)
		}
	}
}

// twoRows breaks a label at the blank nearest to its middle when it is too wide.
func twoRows(label string, width float64) []string {
	if float64(len(label))*letter <= width {
		return []string{label}
	}
	best := -1
	for i, r := range label {
		if r == ' ' && (best < 0 || abs(i-len(label)/2) < abs(best-len(label)/2)) {
			best = i
		}
	}
	if best < 0 {
		return []string{label}
	}
	return []string{label[:best], label[best+1:]}
}

func abs(n int) int { return max(n, -n) }

// grid draws a line for each power of ten and a tick for each round time.
func (d *drawing) grid(x, y scale) {
	for ms := y.low; ms <= y.high*1.001; ms *= 10 {
		at := y.at(ms)
		d.printf(`<path class="grid" d="M%.1f %.1fH%.1f"/>`+"\n", plotLeft, at, plotRight)
		d.text(plotLeft-8, at+4, "", "end", latencyLabel(ms))
	}
	step := tickStep(x.high - x.low)
	for s := step; s <= x.high-x.low; s += step {
		at := x.at(x.low + s)
		d.vertical("grid", at, plotBottom, plotBottom+5)
		d.text(at, plotBottom+18, "", "middle", clock(time.Duration(s*float64(time.Second))))
	}
}

func latencyLabel(ms float64) string {
	if ms >= 999.9 {
		return fmt.Sprintf("%g s", math.Round(ms/1000))
	}
	return fmt.Sprintf("%.3g ms", ms)
}

// tickStep is the shortest round time, in seconds, that gives at most twelve
// ticks.
func tickStep(span float64) float64 {
	for _, step := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800} {
		if span/step <= 12 {
			return step
		}
	}
	return math.Ceil(span/12/3600) * 3600
}

func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// latencies draws each stretch of seconds that have answers.
func (d *drawing) latencies(series []Point, x, y scale) {
	var stretch []Point
	for _, p := range append(slices.Clone(series), Point{P50: math.NaN(), P99: math.NaN()}) {
		if !math.IsNaN(p.P50) && !math.IsNaN(p.P99) {
			stretch = append(stretch, p)
			continue
		}
		d.stretch(stretch, x, y)
		stretch = nil
	}
}

func (d *drawing) stretch(points []Point, x, y scale) {
	if len(points) == 0 {
		return
	}
	if len(points) == 1 { // a path of one point is not to be seen
		points = append(points, Point{At: points[0].At + time.Second/2, P50: points[0].P50, P99: points[0].P99})
	}
	over, under := make([]string, len(points)), make([]string, len(points))
	for i, p := range points {
		over[i] = fmt.Sprintf("%.1f %.1f", x.second(p.At), y.at(p.P99))
		under[i] = fmt.Sprintf("%.1f %.1f", x.second(p.At), y.at(p.P50))
	}
	back := slices.Clone(under)
	slices.Reverse(back)
	d.printf(`<path class="band" d="M%sL%sZ"/>`+"\n", strings.Join(over, "L"), strings.Join(back, "L"))
	d.printf(`<path class="p50" d="M%s"/>`+"\n", strings.Join(under, "L"))
	d.printf(`<path class="p99" d="M%s"/>`+"\n", strings.Join(over, "L"))
}

// failures puts a red dot below each second in which a request failed.
func (d *drawing) failures(series []Point, x scale) {
	for _, p := range series {
		if p.Failed > 0 {
			d.printf(`<circle class="failed" cx="%.1f" cy="%.1f" r="2.5"/>`+"\n", x.second(p.At), plotBottom-4)
		}
	}
}

// marks draws the moments, from the last to the first: a label that reaches
// beyond the next line stands above that line's own label, so that no line goes
// through it. Near the right edge labels stand to the left of their line.
func (d *drawing) marks(marks []Mark, x scale) {
	type label struct {
		from, to float64
		row      int
	}
	var placed []label
	sorted := slices.SortedStableFunc(slices.Values(marks), func(a, b Mark) int { return cmp.Compare(b.At, a.At) })
	for _, m := range sorted {
		if s := m.At.Seconds(); s < x.low || s > x.high {
			continue
		}
		at, width := x.second(m.At), float64(len(m.Label))*letter
		next, anchor, text := label{from: at, to: at + 8 + width}, "start", at+4
		if next.to > plotRight {
			next, anchor, text = label{from: at - 8 - width, to: at}, "end", at-4
		}
		for _, other := range placed {
			if other.from < next.to && next.from < other.to {
				next.row = max(next.row, other.row+1)
			}
		}
		placed = append(placed, next)
		baseline := markRow - float64(next.row)*rowHeight
		d.vertical("mark", at, baseline-9, plotBottom)
		d.text(text, baseline, "", anchor, m.Label)
	}
}

func (d *drawing) legend() {
	y := pictureHeight - 12
	d.printf(`<path class="p99" d="M%.1f %.1fh22"/>`+"\n", plotLeft, y-4)
	d.text(plotLeft+28, y, "", "start", "p99 of the victims' requests, each second")
	d.printf(`<path class="p50" d="M%.1f %.1fh22"/>`+"\n", plotLeft+270, y-4)
	d.text(plotLeft+298, y, "", "start", "p50")
	d.printf(`<circle class="failed" cx="%.1f" cy="%.1f" r="2.5"/>`+"\n", plotLeft+345, y-4)
	d.text(plotLeft+354, y, "", "start", "a request failed")
	d.text(plotRight, y, "", "end", "minutes since the start")
}
