// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// color is an ANSI code, empty for the terminal's own.
type color string

const (
	plain  color = ""
	bold   color = "1"
	faint  color = "2"
	red    color = "31"
	green  color = "32"
	yellow color = "33"
)

// span is text of one color within a line.
type span struct {
	text  string
	color color
}

// line is one row of the block.
type line []span

// columns is how wide the line is on a terminal.
func (l line) columns() int {
	n := 0
	for _, s := range l {
		n += columns(s.text)
	}
	return n
}

// draw cuts the line to the width and gives it with or without its colors.
func (l line) draw(width int, colored bool) string {
	var b strings.Builder
	left := width
	for _, s := range l {
		text := cut(s.text, left)
		left -= columns(text)
		if colored && s.color != plain && text != "" {
			text = "\x1b[" + string(s.color) + "m" + text + "\x1b[0m"
		}
		b.WriteString(text)
		if left <= 0 {
			break
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// clean takes out what a terminal would obey instead of showing: control
// characters, and marks that turn the direction of the text. Runs of blanks
// become one.
func clean(text string) string {
	return strings.Join(strings.Fields(harmless(text)), " ")
}

// harmless takes the same out of a text of several lines and keeps its layout.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', unicode.IsPrint(r) && r != unicode.ReplacementChar:
			return r
		case unicode.IsSpace(r):
			return ' '
		default:
			return '·'
		}
	}, text)
}

// columns is how many columns a cleaned text takes.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// cut shortens a text to a width; the last column shows that something is gone.
func cut(text string, most int) string {
	if columns(text) <= most {
		return text
	}
	if most <= 0 {
		return ""
	}
	n := 0
	for i, r := range text {
		if n += runeColumns(r); n > most-1 {
			return text[:i] + "…"
		}
	}
	return text
}

// wrap breaks a cleaned text into at most so many rows of a width, at blanks
// where there is one; the last row is cut.
func wrap(text string, most, rows int) []string {
	var out []string
	for len(out) < rows-1 && columns(text) > most {
		at, n := 0, 0
		for i, r := range text {
			if r == ' ' {
				at = i
			}
			if n += runeColumns(r); n > most {
				if r == ' ' {
					at = i
				}
				if at == 0 {
					at = i
				}
				break
			}
		}
		if at == 0 {
			break
		}
		out = append(out, text[:at])
		text = strings.TrimLeft(text[at:], " ")
	}
	return append(out, cut(text, most))
}
