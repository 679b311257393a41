// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
)

// windowBytes is how much is read at once. Decoding a page of 350 KB through
// windows of 16, 64 and 256 KiB takes the same time; 64 KiB holds most wanted
// families whole.
const windowBytes = 64 << 10

// windows are lent to decoders while they read, so that memory follows the pages
// that are being read rather than the control planes that are watched.
var windows = sync.Pool{New: func() any { return &window{buf: make([]byte, windowBytes)} }}

// window is a piece of the stream: buf[from:to] has been read and not yet used.
type window struct {
	source   io.Reader
	buf      []byte
	from, to int
	// read counts the bytes that came from the source, limit bounds them.
	read, limit int64
	ended       bool
}

func borrow(r io.Reader, limit int64) *window {
	w, _ := windows.Get().(*window)
	w.source, w.from, w.to, w.read, w.limit, w.ended = r, 0, 0, 0, limit, false
	return w
}

// giveBack returns the window to the pool, unless a huge family has made it grow.
func (w *window) giveBack() {
	w.source = nil
	if len(w.buf) <= 16*windowBytes {
		windows.Put(w)
	}
}

// fill makes n bytes available if the stream has them; it returns how many are.
func (w *window) fill(n int) (int, error) {
	if w.to-w.from >= n || w.ended {
		return w.to - w.from, nil
	}
	if w.from > 0 {
		copy(w.buf, w.buf[w.from:w.to])
		w.from, w.to = 0, w.to-w.from
	}
	if n > len(w.buf) {
		grown := make([]byte, max(n, min(2*len(w.buf), 4*n)))
		copy(grown, w.buf[:w.to])
		w.buf = grown
	}
	for empty := 0; w.to < n; {
		if w.read > w.limit {
			return 0, fmt.Errorf("%w: the page has more than %d bytes", ErrOversize, w.limit)
		}
		got, err := w.source.Read(w.buf[w.to:])
		w.to += got
		w.read += int64(got)
		if errors.Is(err, io.EOF) {
			w.ended = true
			break
		}
		if err != nil {
			return 0, err
		}
		if got > 0 {
			empty = 0
		} else if empty++; empty > 100 {
			return 0, io.ErrNoProgress
		}
	}
	if w.read > w.limit {
		return 0, fmt.Errorf("%w: the page has more than %d bytes", ErrOversize, w.limit)
	}
	return w.to - w.from, nil
}

// peek shows up to n bytes without using them.
func (w *window) peek(n int) ([]byte, error) {
	have, err := w.fill(n)
	if err != nil {
		return nil, err
	}
	return w.buf[w.from : w.from+min(n, have)], nil
}

// skip uses up n bytes, however many windows they span.
func (w *window) skip(n int64) error {
	for n > 0 {
		have, err := w.fill(1)
		if err != nil {
			return err
		}
		if have == 0 {
			return fmt.Errorf("%w: it ends within a family", ErrGarbage)
		}
		step := min(n, int64(have))
		w.from += int(step)
		n -= step
	}
	return nil
}

// length reads the length that precedes a message; more is false at the end.
func (w *window) length() (size int64, more bool, err error) {
	head, err := w.peek(10)
	if err != nil || len(head) == 0 {
		return 0, false, err
	}
	v, n := protowire.ConsumeVarint(head)
	if n < 0 {
		return 0, false, fmt.Errorf("%w: a length is broken", ErrGarbage)
	}
	if v > uint64(max(w.limit, 0)) {
		return 0, false, fmt.Errorf("%w: a family of %d bytes", ErrOversize, v)
	}
	w.from += n
	return int64(v), true, nil //nolint:gosec // below the limit, which is an int64
}
