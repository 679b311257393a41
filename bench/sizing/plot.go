// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// The picture: some traces of an apiserver below each other, what is used and what each
// player requests.
const (
	plotWidth, panelHeight, panelGap = 860.0, 150.0, 34.0
	plotLeft, plotTop                = 56.0, 46.0
)

var plotted = []string{"growth in hours", "day and night", "list storms", "hibernation"}

const plotStyle = `<style>
text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:#57606a}
.title{font-weight:600;fill:#1f2328}.page{fill:#ffffff}.axis{stroke:#d0d7de;fill:none}
.used{fill:#8c959f;opacity:.45}.evenkeel{stroke:#0969da;stroke-width:1.6;fill:none}.upstream{stroke:#cf222e;stroke-width:1.6;fill:none}
.evenkeel-word{fill:#0969da;font-weight:600}.upstream-word{fill:#cf222e;font-weight:600}
@media (prefers-color-scheme:dark){
text{fill:#9198a1}.title{fill:#f0f6fc}.page{fill:#0d1117}.axis{stroke:#30363d}.used{fill:#656c76}
.evenkeel{stroke:#58a6ff}.upstream{stroke:#f85149}.evenkeel-word{fill:#58a6ff}.upstream-word{fill:#f85149}}
</style>`

func drawTo(path string, traces []trace, p *sizing.Profile) error {
	var b strings.Builder
	height := plotTop + float64(len(plotted))*(panelHeight+panelGap)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-labelledby="t">`+"\n", plotWidth, height)
	b.WriteString("<title id=\"t\">CPU that an apiserver's busiest replica uses in eight days, and what Evenkeel and upstream's recommender request for it</title>\n" + plotStyle + "\n")
	fmt.Fprintf(&b, `<rect class="page" width="%g" height="%g" rx="6"/>`+"\n", plotWidth, height)
	fmt.Fprintf(&b, `<text x="%g" y="20">cores: used by the busiest replica (area), requested by <tspan class="evenkeel-word">Evenkeel</tspan> and by <tspan class="upstream-word">upstream</tspan>; eight days, a line each night</text>`+"\n", plotLeft)
	n := 0
	for i := range traces {
		t := &traces[i]
		if t.component != sizing.APIServer || n >= len(plotted) || t.name != plotted[n] {
			continue
		}
		if err := drawPanel(&b, t, p, plotTop+float64(n)*(panelHeight+panelGap)); err != nil {
			return err
		}
		n++
	}
	b.WriteString("</svg>\n")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil { //nolint:gosec // a picture for everybody
		return fmt.Errorf("drawing the traces: %w", err)
	}
	return nil
}

func drawPanel(b *strings.Builder, t *trace, p *sizing.Profile, top float64) error {
	fmt.Fprintf(b, `<text class="title" x="%g" y="%.1f">%s</text>`+"\n", plotLeft, top-6, t.name)
	lines := map[string][]amounts{}
	most := 0.0
	for _, who := range []string{byEvenkeel, byUpstream} {
		pl, err := newPlayer(who, t.component, p)
		if err != nil {
			return err
		}
		lines[who] = play(t, pl).requests
		for _, r := range lines[who][perDay/2:] {
			most = max(most, r.cpu)
		}
	}
	for i := range t.minutes {
		cpu, _ := t.minutes[i].busiest()
		most = max(most, cpu)
	}
	const every = 10
	x := func(i int) float64 {
		return plotLeft + (plotWidth-plotLeft-14)*float64(i)/float64(len(t.minutes))
	}
	y := func(v float64) float64 { return top + panelHeight*(1-min(v/most, 1)) }
	for d := range days + 1 {
		fmt.Fprintf(b, `<path class="axis" d="M%.1f %.1fV%.1f"/>`+"\n", x(d*perDay), top, top+panelHeight)
	}
	fmt.Fprintf(b, `<text x="%g" y="%.1f" text-anchor="end">%.2g</text><text x="%g" y="%.1f" text-anchor="end">0</text>`+"\n", plotLeft-6, top+10, most, plotLeft-6, top+panelHeight)
	fmt.Fprintf(b, `<path class="used" d="M%.1f %.1f`, x(0), top+panelHeight)
	for i := 0; i < len(t.minutes); i += every {
		highest := 0.0
		for j := i; j < min(i+every, len(t.minutes)); j++ {
			cpu, _ := t.minutes[j].busiest()
			highest = max(highest, cpu)
		}
		fmt.Fprintf(b, "L%.1f %.1f", x(i), y(highest))
	}
	fmt.Fprintf(b, "L%.1f %.1fZ\"/>\n", x(len(t.minutes)), top+panelHeight)
	for _, who := range []string{byUpstream, byEvenkeel} {
		last := lines[who][0].cpu
		fmt.Fprintf(b, `<path class="%s" d="M%.1f %.1f`, who, x(0), y(last))
		for i, r := range lines[who] {
			if r.cpu != last {
				fmt.Fprintf(b, "H%.1fV%.1f", x(i), y(r.cpu))
				last = r.cpu
			}
		}
		fmt.Fprintf(b, "H%.1f\"/>\n", x(len(t.minutes)))
	}
	return nil
}
