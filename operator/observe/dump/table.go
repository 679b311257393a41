// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dump

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// column is a column that is read.
type column int

const (
	columnLevel column = iota
	columnSchema
	columnIndex
	columnArrive
	columnInitial
	columnFinal
	columnUser
	columnVerb
	columnPath
	columnNamespace
	columnVersion
	columnResource
	columnSubresource
	columns
)

// columnNames are the names in the first line.
func columnNames() [columns]string {
	return [columns]string{
		columnLevel: "PriorityLevelName", columnSchema: "FlowSchemaName",
		columnIndex: "RequestIndexInQueue", columnArrive: "ArriveTime",
		columnInitial: "InitialSeats", columnFinal: "FinalSeats",
		columnUser: "UserName", columnVerb: "Verb", columnPath: "APIPath",
		columnNamespace: "Namespace", columnVersion: "APIVersion",
		columnResource: "Resource", columnSubresource: "SubResource",
	}
}

// maxColumns bounds the columns of a dump; there are 18 today.
const maxColumns = 64

// table knows where to find the columns.
type table struct {
	// at is the position of each column that is read.
	at [columns]int
	// begins are the offsets of all columns in the first line, in runes.
	begins []int
	// names tells the columns that hold user names.
	names [maxColumns]bool
	// cells is the line that is being read.
	cells [][]byte
}

func newTable(header []byte) (*table, error) {
	if len(header) > 1<<20 || bytes.Count(header, []byte{','}) >= maxColumns {
		return nil, fmt.Errorf("%w: its first line is too long", ErrGarbage)
	}
	t := &table{}
	cells := split(header, nil)
	t.cells = make([][]byte, 0, len(cells))
	names := map[string]int{}
	end := 0
	for i, cell := range cells {
		names[string(bytes.TrimSpace(cell))] = i
		begin := end + max(0, bytes.Index(header[end:], cell))
		t.begins = append(t.begins, begin)
		end = begin + len(cell)
	}
	for c, name := range columnNames() {
		i, ok := names[name]
		if !ok {
			return nil, fmt.Errorf("%w: its first line lacks the column %s", ErrGarbage, name)
		}
		t.at[c] = i
	}
	t.names[t.at[columnUser]] = true
	if i, ok := names["FlowDistingsher"]; ok { // as the server spells it
		t.names[i] = true
	}
	return t, nil
}

// split cuts a line at each comma that blanks follow, into cells.
func split(line []byte, cells [][]byte) [][]byte {
	for begin, i := 0, 0; ; i++ {
		if i >= len(line) {
			return append(cells, line[begin:])
		}
		if line[i] != ',' || i+1 < len(line) && !blank(line[i+1]) {
			continue
		}
		cell := line[begin:i]
		for i+1 < len(line) && blank(line[i+1]) {
			i++
		}
		begin = i + 1
		cells = append(cells, cell)
		if len(cells) > maxColumns {
			return cells
		}
	}
}

func blank(b byte) bool { return b == ' ' || b == '\t' }

// aligned cuts a line where the columns of the first line begin; ok is false when
// its cells do not end there. Only the columns of user names may have what looks
// like the end of a cell within one, as in "Smith, John": elsewhere it would let
// the end of a longer line pass for one of the right length.
func (t *table) aligned(line []byte) (ok bool) {
	t.cells = t.cells[:0]
	begin, runes := 0, 0
	for column, next := range t.begins[1:] {
		i := begin
		for ; runes < next && i < len(line); runes++ {
			_, size := utf8.DecodeRune(line[i:])
			i += size
		}
		cell := bytes.TrimRight(line[begin:i], " \t")
		if runes < next || len(cell) == 0 || cell[len(cell)-1] != ',' || !blank(line[i-1]) {
			return false
		}
		cell = cell[:len(cell)-1]
		if !t.names[column] && several(cell) {
			return false
		}
		t.cells = append(t.cells, cell)
		begin = i
	}
	t.cells = append(t.cells, line[begin:])
	return !several(line[begin:])
}

// several is true for what looks like more than one cell.
func several(cell []byte) bool {
	for i, b := range cell {
		if b == ',' && (i+1 == len(cell) || blank(cell[i+1])) {
			return true
		}
	}
	return false
}

// row is one request. Its bytes belong to the dump.
type row struct {
	level, schema, user, verb, path, namespace, version, resource, subresource []byte

	executing bool
	arrived   time.Time
	seats     int
}

// maxSeats is more than any request can have.
const maxSeats = 1 << 20

func (t *table) row(line []byte) (row, error) {
	if !t.aligned(line) {
		if t.cells = split(line, t.cells[:0]); len(t.cells) != len(t.begins) {
			return row{}, fmt.Errorf("does not have %d columns as the first has", len(t.begins))
		}
	}
	r := row{
		level: t.cell(columnLevel), schema: t.cell(columnSchema), user: t.cell(columnUser),
		verb: t.cell(columnVerb), path: t.cell(columnPath), namespace: t.cell(columnNamespace),
		version: t.cell(columnVersion), resource: t.cell(columnResource), subresource: t.cell(columnSubresource),
	}
	index, err := strconv.Atoi(string(t.cell(columnIndex)))
	if err != nil {
		return row{}, errors.New("has no number for RequestIndexInQueue")
	}
	r.executing = index < 0
	if r.arrived, err = time.Parse(time.RFC3339Nano, string(t.cell(columnArrive))); err != nil {
		return row{}, errors.New("has no time for ArriveTime")
	}
	for _, c := range []column{columnInitial, columnFinal} {
		seats, err := strconv.Atoi(string(t.cell(c)))
		if err != nil || seats < 0 || seats > maxSeats {
			return row{}, errors.New("has no number for its seats")
		}
		// A request holds the larger of the two for as long as it executes.
		r.seats = max(r.seats, seats)
	}
	return r, nil
}

func (t *table) cell(c column) []byte { return t.cells[t.at[c]] }
