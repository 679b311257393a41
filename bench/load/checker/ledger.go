// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package checker

import "slices"

// Ledger is what one writer was promised. The writes of an object have rising numbers,
// and its value is the number of the last one that was carried out. Reads are not made
// while a write of the same object is on its way.
type Ledger struct {
	last    int
	objects map[string]*promises
}

// promises are those of one object.
type promises struct {
	// kept are the numbers that were acknowledged, or seen, since the object was last
	// read, rising: the value is to be the last of them or a later one.
	kept []int
	// open are the numbers of writes that may have been carried out or not, rising.
	open []int
}

// Verdict is what a read says of the writes before it.
type Verdict struct {
	// Lost are the acknowledged writes that are not there, and that nothing that is there
	// has followed. Each is told once.
	Lost []int
	// Strange is true for a value that was never written to this object.
	Strange bool
}

// NewLedger is an empty one.
func NewLedger() *Ledger { return &Ledger{objects: map[string]*promises{}} }

// Next is the number of a write that is about to be sent to an object.
func (l *Ledger) Next(object string) int {
	l.last++
	p := l.objects[object]
	if p == nil {
		p = &promises{}
		l.objects[object] = p
	}
	p.open = append(p.open, l.last)
	return l.last
}

// Acknowledged notes that the write was answered with success.
func (l *Ledger) Acknowledged(object string, n int) {
	p := l.objects[object]
	p.close(n)
	p.kept = append(p.kept, n)
}

// Refused notes that the write was not carried out, for certain. A write that is neither
// acknowledged nor refused stays open.
func (l *Ledger) Refused(object string, n int) { l.objects[object].close(n) }

// Promised is true for an object of which a write was acknowledged, or seen.
func (l *Ledger) Promised(object string) bool {
	p := l.objects[object]
	return p != nil && len(p.kept) > 0
}

// Read judges a value that was read from the quorum; found is false when there is no such
// object. What was read is from then on as good as acknowledged: it may not go away.
func (l *Ledger) Read(object string, value int, found bool) (v Verdict) {
	p := l.objects[object]
	if p == nil {
		return Verdict{Strange: found}
	}
	if !found {
		v.Lost, p.kept = p.kept, nil
		return v
	}
	if !slices.Contains(p.kept, value) && !slices.Contains(p.open, value) {
		v.Strange = true
	}
	for _, n := range p.kept {
		if n > value {
			v.Lost = append(v.Lost, n)
		}
	}
	p.kept = []int{value}
	p.open = slices.DeleteFunc(p.open, func(n int) bool { return n <= value })
	return v
}

func (p *promises) close(n int) {
	p.open = slices.DeleteFunc(p.open, func(o int) bool { return o == n })
}
