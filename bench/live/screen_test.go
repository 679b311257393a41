// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// terminal understands as much as a Screen says, and keeps what is to be seen.
type terminal struct {
	columns, rows int
	grid          []string
	at            int
	hidden        bool
	unknown       []string
}

func (v *terminal) Write(raw []byte) (int, error) {
	text := string(raw)
	for text != "" {
		switch {
		case strings.HasPrefix(text, "\x1b["):
			end := strings.IndexFunc(text[2:], func(r rune) bool { return r >= '@' && r <= '~' }) + 3
			v.obey(text[2:end])
			text = text[end:]
		case text[0] == '\n':
			v.at++
			text = text[1:]
		case text[0] == '\r':
			text = text[1:]
		default:
			end := strings.IndexAny(text, "\x1b\n\r")
			if end < 0 {
				end = len(text)
			}
			for len(v.grid) <= v.at {
				v.grid = append(v.grid, "")
			}
			v.grid[v.at] += text[:end]
			text = text[end:]
		}
	}
	return len(raw), nil
}

func (v *terminal) obey(command string) {
	switch {
	case command == "A":
		v.at = max(v.at-1, 0)
	case command == "2K":
		if v.at < len(v.grid) {
			v.grid[v.at] = ""
		}
	case command == "J":
		v.grid = v.grid[:min(v.at, len(v.grid))]
	case command == "?25l", command == "?25h":
		v.hidden = command == "?25l"
	case strings.HasSuffix(command, "m"):
	default:
		v.unknown = append(v.unknown, command)
	}
}

func (v *terminal) size() (int, int, bool) { return v.columns, v.rows, v.columns > 0 }

func TestScreenRedrawsInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &terminal{columns: 80, rows: 40}
		s := newScreen(v, true, v.size)
		var frames atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		s.Println("compiled 300 packages")
		go func() {
			defer close(done)
			s.Run(ctx, func() State {
				state := storm()
				state.Title = "frame " + strconv.FormatInt(frames.Add(1), 10)
				return state
			})
		}()
		time.Sleep(1700 * time.Millisecond)
		synctest.Wait()
		if n := frames.Load(); n != 4 {
			t.Errorf("%d frames after 1.7 s, want 4: at 0, 0.5, 1 and 1.5 s", n)
		}
		if !v.hidden {
			t.Error("the cursor shows in the middle of the block")
		}
		s.Logf("a line %s\x1b[2J\n  and one more\n", "above")
		cancel()
		<-done
		if v.hidden {
			t.Error("the cursor is still hidden at the end")
		}
		state := storm()
		state.Title = "frame 5"
		want := "compiled 300 packages\na line above·[2J\n  and one more\n" + Render(state, Style{Width: 80})
		if diff := cmp.Diff(want, v.seen()); diff != "" {
			t.Errorf("on the terminal (-want +got):\n%s", diff)
		}
		if len(v.unknown) > 0 {
			t.Errorf("unexpected commands %q", v.unknown)
		}
	})
}

func TestScreenKeepsToALowTerminal(t *testing.T) {
	v := &terminal{columns: 80, rows: 5}
	s := newScreen(v, false, v.size)
	for range 3 {
		s.show(storm(), time.Time{})
	}
	head := strings.SplitAfter(Render(storm(), Style{Width: 80}), "\n")[:4]
	if diff := cmp.Diff(strings.Join(head, ""), v.seen()); diff != "" {
		t.Errorf("on the terminal (-want +got):\n%s", diff)
	}
}

func TestScreenClimbsOverBrokenLines(t *testing.T) {
	s := &Screen{drawn: []int{80, 80, 12, 0}}
	if got, want := strings.Count(s.home(80), "\x1b[A"), 4; got != want {
		t.Errorf("at the same width it climbs %d rows, want %d", got, want)
	}
	if got, want := strings.Count(s.home(40), "\x1b[A"), 6; got != want {
		t.Errorf("at half the width it climbs %d rows, want %d", got, want)
	}
}

func TestPlainLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		s := newScreen(&out, true, func() (int, int, bool) { return 0, 0, false })
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 11700*time.Millisecond)
		defer cancel()
		s.Run(ctx, func() State {
			state := State{Elapsed: time.Since(begin), Phase: Phase{Name: "quiet", Left: -1}}
			if state.Elapsed >= 7*time.Second {
				state.Phase = Phase{Name: "storm", Left: 9 * time.Second}
			}
			if state.Elapsed >= 8*time.Second {
				state.Decision = Decision{At: begin.Add(8 * time.Second), Reason: "OffenderNamed", Message: "an agent\x1b[2J"}
			}
			return state
		})
		rest := ": victims p50 0.0 ms p99 0.0 ms failed 0; offender 0.0/s; jailed 0\n"
		want := "0 s  quiet" + rest + "5 s  quiet" + rest + "7 s  storm (9 s left)" + rest +
			"8 s  OffenderNamed: an agent·[2J\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("printed (-want +got):\n%s", diff)
		}
	})
}

func (v *terminal) seen() string { return strings.Join(v.grid, "\n") + "\n" }
