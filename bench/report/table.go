// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// none stands in a cell that has no figure.
const none = "–"

// Table is a header and rows of cells. The first column is text, the others are
// figures, which stand right-aligned unless Left says otherwise.
type Table struct {
	Head []string
	Rows [][]string
	// Left are the columns besides the first to align on the left.
	Left []int
}

// Text is the table for a terminal, two spaces between its columns.
func (t Table) Text() string {
	widths := make([]int, len(t.Head))
	for _, row := range t.lines() {
		for i := range widths {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell(row, i)))
		}
	}
	var b strings.Builder
	for _, row := range t.lines() {
		parts := make([]string, len(widths))
		for i, width := range widths {
			parts[i] = t.aligned(i, cell(row, i), width)
		}
		b.WriteString(strings.TrimRight(strings.Join(parts, "  "), " ") + "\n")
	}
	return b.String()
}

// Markdown is the same table as GitHub shows it.
func (t Table) Markdown() string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	rules := make([]string, len(t.Head))
	for i := range rules {
		rules[i] = "---:"
		if t.onLeft(i) {
			rules[i] = "---"
		}
	}
	line(escaped(t.Head, len(t.Head)))
	line(rules)
	for _, row := range t.Rows {
		line(escaped(row, len(t.Head)))
	}
	return b.String()
}

// lines are the rows to lay out: the header too, unless all of it is empty.
func (t Table) lines() [][]string {
	if strings.Join(t.Head, "") == "" {
		return t.Rows
	}
	return append([][]string{t.Head}, t.Rows...)
}

func (t Table) aligned(column int, text string, width int) string {
	pad := strings.Repeat(" ", width-utf8.RuneCountInString(text))
	if t.onLeft(column) {
		return text + pad
	}
	return pad + text
}

func (t Table) onLeft(column int) bool {
	return column == 0 || slices.Contains(t.Left, column)
}

func cell(row []string, i int) string {
	if i < len(row) {
		return row[i]
	}
	return ""
}

func escaped(row []string, columns int) []string {
	cells := make([]string, columns)
	for i := range cells {
		cells[i] = strings.ReplaceAll(strings.ReplaceAll(cell(row, i), "|", `\|`), "\n", " ")
	}
	return cells
}
