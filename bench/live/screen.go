// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	// redrawEvery is the time between two frames, lineEvery between two plain
	// lines of a calm phase.
	redrawEvery = 500 * time.Millisecond
	lineEvery   = 5 * time.Second
)

const (
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	eraseLine  = "\x1b[2K"
	eraseBelow = "\x1b[J"
)

// Screen shows a run on one output. Its methods may be called from several
// goroutines.
type Screen struct {
	out io.Writer
	// size is the terminal's columns and rows; ok is false where there is none.
	size    func() (columns, rows int, ok bool)
	colored bool

	mu sync.Mutex
	// drawn are the columns of each line of the block on the screen.
	drawn []int
	// block is what was drawn last, to be drawn again below a printed line.
	block  string
	hidden bool
	plain  plainLog
}

// NewScreen shows on a file, as standard output: drawn in place where it is a
// terminal, in plain lines else. NO_COLOR in the environment turns colors off,
// TERM=dumb the drawing.
func NewScreen(out *os.File) *Screen {
	fd := int(out.Fd())
	drawing := term.IsTerminal(fd) && os.Getenv("TERM") != "dumb"
	return newScreen(out, os.Getenv("NO_COLOR") == "", func() (int, int, bool) {
		if !drawing {
			return 0, 0, false
		}
		columns, rows, err := term.GetSize(fd)
		return columns, rows, err == nil && columns > 0 && rows > 0
	})
}

func newScreen(out io.Writer, colored bool, size func() (int, int, bool)) *Screen {
	return &Screen{out: out, size: size, colored: colored}
}

// Run shows what source gives until the context ends, then leaves the last state
// standing and restores the cursor. The source is called from this goroutine.
func (s *Screen) Run(ctx context.Context, source func() State) {
	ticker := time.NewTicker(redrawEvery)
	defer ticker.Stop()
	defer s.release()
	for {
		s.show(source(), time.Now())
		select {
		case <-ctx.Done():
			s.show(source(), time.Now())
			return
		case <-ticker.C:
		}
	}
}

// Logf prints a line above the block.
func (s *Screen) Logf(format string, args ...any) { s.Println(fmt.Sprintf(format, args...)) }

// Println prints a line, or several, above the block.
func (s *Screen) Println(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	columns, _, _ := s.size()
	text = harmless(strings.TrimRight(text, "\n")) + "\n"
	if len(s.drawn) == 0 {
		s.write(text)
		return
	}
	s.write(s.home(columns) + eraseBelow + text + s.block)
}

func (s *Screen) show(state State, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	columns, rows, ok := s.size()
	if !ok {
		s.write(s.plain.lines(state, now))
		return
	}
	// A block as high as the terminal would scroll its own head away.
	lines := strings.SplitAfter(Render(state, Style{Width: columns, Color: s.colored}), "\n")
	lines = lines[:min(len(lines)-1, max(rows-1, 1))]
	frame := s.home(columns)
	if !s.hidden {
		frame, s.hidden = frame+hideCursor, true
	}
	s.block, s.drawn = "", s.drawn[:0]
	for _, l := range lines {
		s.block += eraseLine + l
		s.drawn = append(s.drawn, visible(l))
	}
	s.write(frame + s.block + eraseBelow)
}

// release gives the cursor back and lets the block stand where it is.
func (s *Screen) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hidden {
		s.write(showCursor)
	}
	s.hidden, s.drawn, s.block = false, nil, ""
}

// home moves to the start of the block. A terminal that was made narrower since
// has broken its lines into several rows.
func (s *Screen) home(columns int) string {
	rows := 0
	for _, drawn := range s.drawn {
		rows++
		if columns > 0 && drawn > columns {
			rows += (drawn - 1) / columns
		}
	}
	if rows == 0 {
		return ""
	}
	return "\r" + strings.Repeat("\x1b[A", rows)
}

// write sends one frame at once, so that it is not seen half. An output that is
// gone must not end the run: what matters is in the report.
func (s *Screen) write(frame string) {
	if frame != "" {
		_, _ = io.WriteString(s.out, frame)
	}
}

// visible is how many columns a drawn line takes, without its colors.
func visible(drawn string) int {
	n := 0
	for i, part := range strings.Split(strings.TrimSuffix(drawn, "\n"), "\x1b[") {
		if i > 0 {
			_, part, _ = strings.Cut(part, "m")
		}
		n += columns(part)
	}
	return n
}

// plainLog decides when a plain line is due.
type plainLog struct {
	phase    string
	decision Decision
	last     time.Time
}

// lines are those due now: at every change of the phase and every decision, and
// every few seconds between them.
func (p *plainLog) lines(s State, now time.Time) string {
	out := ""
	if s.Decision != p.decision {
		p.decision = s.Decision
		if text := DecisionLine(s.Decision); text != "" {
			out = seconds(s.Elapsed) + "  " + text + "\n"
		}
	}
	if s.Phase.Name != p.phase || now.Sub(p.last) >= lineEvery {
		p.phase, p.last = s.Phase.Name, now
		out += seconds(s.Elapsed) + "  " + Line(s) + "\n"
	}
	return out
}
