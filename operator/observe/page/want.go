// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"errors"
	"fmt"
)

// MaxLabels is how many labels of a series can be kept.
const MaxLabels = 5

// Family is what is wanted of one metric family.
type Family struct {
	// Name is the whole name of the family.
	Name string
	// Labels are the names of the labels to keep, at most MaxLabels; a series has
	// their values in this order, "" for a label that it lacks. Series that
	// differ in other labels alone are each listed, unless they are to be added up.
	Labels []string
	// Sum adds up the series that have the same kept labels, value by value and
	// count by count, into one, which stands where the first of them stood. A
	// family of thousands of series costs a few of the page's bound that way. It
	// keeps no buckets.
	Sum bool
	// Only keeps the series that have this label with this value; the zero value
	// keeps all.
	Only Label
	// Buckets keeps the buckets of a histogram too: Page.Buckets.
	Buckets bool
}

// Label is a label with its value.
type Label struct{ Name, Value string }

// Series is one time series of a wanted family.
type Series struct {
	// Labels are the values of the wanted labels, in the order of Family.Labels.
	Labels [MaxLabels]string
	// Value is the value of a gauge, a counter or an untyped metric, and the sum
	// of a histogram or a summary, in the metric's own unit.
	Value float64
	// Count is the number of observations of a histogram or a summary.
	Count uint64
}

// Bucket is one bucket of a histogram.
type Bucket struct {
	// Upper is the largest value that belongs to it, in the metric's own unit.
	Upper float64
	// Count is how many observations were no larger, those of all the buckets below
	// included.
	Count uint64
}

// Bounds limit what a page may cost. A zero bound has its default.
type Bounds struct {
	// Bytes bounds the whole page: 32 MiB. A fresh kube-apiserver's has 0.35 MB.
	Bytes int64
	// FamilyBytes bounds one wanted family, which is the memory that a decoder
	// can be made to take: 4 MiB.
	FamilyBytes int
	// Families bounds the families of a page, wanted or not: 20,000.
	Families int
	// Series bounds the kept series of a page and their kept buckets: 20,000.
	Series int
	// LabelBytes bounds the value of a kept label: 1,024.
	LabelBytes int
}

func (b Bounds) withDefaults() Bounds {
	if b.Bytes <= 0 {
		b.Bytes = 32 << 20
	}
	if b.FamilyBytes <= 0 {
		b.FamilyBytes = 4 << 20
	}
	if b.Families <= 0 {
		b.Families = 20000
	}
	if b.Series <= 0 {
		b.Series = 20000
	}
	if b.LabelBytes <= 0 {
		b.LabelBytes = 1024
	}
	return b
}

// What is wrong with a page. Errors of the reader are returned as they are.
var (
	// ErrOversize is a page, or a part of it, over a bound.
	ErrOversize = errors.New("over the bound")
	// ErrGarbage is not a page.
	ErrGarbage = errors.New("not a page of delimited metric families")
)

// Wanted are the families to decode. It is not changed once made and can be
// shared by decoders.
type Wanted struct {
	families []Family
	// index finds a family by its name; looking up with bytes allocates nothing.
	index map[string]int
	// longest is the length of the longest wanted name.
	longest int
}

// Want is a set of families. A family is known by its index among them from here
// on. The error names a family that asks for too much or is there twice.
func Want(families ...Family) (*Wanted, error) {
	w := &Wanted{families: families, index: make(map[string]int, len(families))}
	for i, f := range families {
		if f.Name == "" || len(f.Labels) > MaxLabels {
			return nil, fmt.Errorf("wanting metric family %q: it needs a name and at most %d labels", f.Name, MaxLabels)
		}
		if f.Sum && f.Buckets {
			return nil, fmt.Errorf("wanting metric family %q: what is added up has no buckets", f.Name)
		}
		if _, twice := w.index[f.Name]; twice {
			return nil, fmt.Errorf("wanting metric family %q: it is wanted twice", f.Name)
		}
		w.index[f.Name] = i
		w.longest = max(w.longest, len(f.Name))
	}
	return w, nil
}

// Page is what was decoded. Its zero value is ready for a decoder, which empties
// it and uses its memory again.
type Page struct {
	series [][]Series
	has    []bool
	// buckets are those of each family's series, one after the other, and ends where
	// those of each series end.
	buckets [][]Bucket
	ends    [][]int
	// sums are where the series of the families that are added up stand.
	sums []map[[MaxLabels]string]int
	// Bytes and Families count the whole page.
	Bytes    int64
	Families int
}

// Series are those of the i-th wanted family, valid until the page is decoded
// into again; only the label values outlive it.
func (p *Page) Series(i int) []Series {
	if i >= len(p.series) {
		return nil
	}
	return p.series[i]
}

// Buckets are those of the n-th series of the i-th family, the lowest first, if the
// family was wanted with them. That of everything is left out by servers: it is the
// series' Count. They are valid as long as the series are.
func (p *Page) Buckets(i, n int) []Bucket {
	if i >= len(p.ends) || n >= len(p.ends[i]) {
		return nil
	}
	from := 0
	if n > 0 {
		from = p.ends[i][n-1]
	}
	return p.buckets[i][from:p.ends[i][n]]
}

// Has tells whether the page had the i-th wanted family, if only without series.
func (p *Page) Has(i int) bool { return i < len(p.has) && p.has[i] }

// First is the value of the first series of the i-th family, for families that
// have one alone.
func (p *Page) First(i int) (float64, bool) {
	if s := p.Series(i); len(s) > 0 {
		return s[0].Value, true
	}
	return 0, false
}

func (p *Page) reset(families int) {
	if len(p.series) != families {
		p.series, p.has = make([][]Series, families), make([]bool, families)
		p.buckets, p.ends = make([][]Bucket, families), make([][]int, families)
		p.sums = make([]map[[MaxLabels]string]int, families)
	}
	for i := range p.series {
		p.series[i], p.buckets[i], p.ends[i] = p.series[i][:0], p.buckets[i][:0], p.ends[i][:0]
		clear(p.sums[i])
	}
	clear(p.has)
	p.Bytes, p.Families = 0, 0
}
