// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxStrings is how many label values a decoder remembers. A server that makes
// up new ones for every page makes the decoder forget all and begin anew.
const maxStrings = 16384

// Decoder decodes the pages of one server, one after the other. It is not safe
// for concurrent use.
type Decoder struct {
	wanted *Wanted
	bounds Bounds
	// strings are the label values that were met, under themselves.
	strings map[string]string
	kept    int
}

// NewDecoder is a decoder of the wanted families.
func NewDecoder(w *Wanted, b Bounds) *Decoder {
	return &Decoder{wanted: w, bounds: b.withDefaults(), strings: map[string]string{}}
}

// Decode reads one page to its end into p. The error wraps ErrOversize or
// ErrGarbage, or is the reader's own; p is of no use then.
func (d *Decoder) Decode(r io.Reader, p *Page) error {
	p.reset(len(d.wanted.families))
	d.kept = 0
	if len(d.strings) > maxStrings {
		clear(d.strings)
	}
	w := borrow(r, d.bounds.Bytes)
	defer w.giveBack()
	for {
		size, more, err := w.length()
		if err != nil {
			return err
		}
		if !more {
			p.Bytes = w.read
			return nil
		}
		if p.Families++; p.Families > d.bounds.Families {
			return fmt.Errorf("%w: the page has more than %d families", ErrOversize, d.bounds.Families)
		}
		if err := d.next(w, size, p); err != nil {
			return err
		}
	}
}

// next decodes or skips the family of the given size that the window is at.
func (d *Decoder) next(w *window, size int64, p *Page) error {
	shown := int(min(size, int64(d.wanted.longest+8)))
	head, err := w.peek(shown)
	if err != nil {
		return err
	}
	if len(head) < shown {
		return fmt.Errorf("%w: it ends within a family", ErrGarbage)
	}
	i, ok, err := d.which(head, size)
	if err != nil {
		return err
	}
	if !ok {
		return w.skip(size)
	}
	name := d.wanted.families[i].Name
	if size > int64(d.bounds.FamilyBytes) {
		return fmt.Errorf("%w: the family %s has %d bytes", ErrOversize, name, size)
	}
	message, err := w.peek(int(size))
	if err != nil {
		return err
	}
	if len(message) < int(size) {
		return fmt.Errorf("%w: it ends within the family %s", ErrGarbage, name)
	}
	p.has[i] = true
	if err := d.family(message, i, p); err != nil {
		return fmt.Errorf("in the family %s: %w", name, err)
	}
	return w.skip(size)
}

// which finds the family that begins with head among those wanted.
func (d *Decoder) which(head []byte, size int64) (index int, ok bool, err error) {
	if size == 0 {
		return 0, false, nil
	}
	number, kind, n := protowire.ConsumeTag(head)
	if n < 0 || number != familyName || kind != protowire.BytesType {
		return 0, false, fmt.Errorf("%w: a family does not begin with its name", ErrGarbage)
	}
	length, m := protowire.ConsumeVarint(head[n:])
	if m < 0 || length > uint64(size) { //nolint:gosec // a size is not negative
		return 0, false, fmt.Errorf("%w: the name of a family is broken", ErrGarbage)
	}
	name := head[n+m:]
	if length > uint64(len(name)) {
		return 0, false, nil // longer than any that is wanted
	}
	index, ok = d.wanted.index[string(name[:length])]
	return index, ok, nil
}

// intern is the label value as a string that is allocated once.
func (d *Decoder) intern(value []byte) string {
	if s, ok := d.strings[string(value)]; ok {
		return s
	}
	s := string(value)
	d.strings[s] = s
	return s
}
