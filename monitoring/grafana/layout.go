// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

// width is the grid's.
const width = 24

// layout puts panels from left to right, and below where the next does not fit. They are
// numbered in this order.
func (d Dashboard) layout() []wirePanel {
	var all []wirePanel
	y := 0
	for _, row := range d.Rows {
		open := false
		all = append(all, wirePanel{
			ID: len(all) + 1, Type: "row", Title: row.Title, Collapsed: &open, GridPos: wireGrid{H: 1, W: width, Y: y},
		})
		y++
		x, tallest := 0, 0
		for _, p := range row.Panels {
			if x+p.Width > width {
				x, y, tallest = 0, y+tallest, 0
			}
			w := p.wire()
			w.ID, w.GridPos = len(all)+1, wireGrid{H: p.Height, W: p.Width, X: x, Y: y}
			all = append(all, w)
			x, tallest = x+p.Width, max(tallest, p.Height)
		}
		y += tallest
	}
	return all
}
