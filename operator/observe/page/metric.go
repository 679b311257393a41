// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// The field numbers of io.prometheus.client that are read.
const (
	familyName   protowire.Number = 1
	familyMetric protowire.Number = 4

	metricLabel     protowire.Number = 1
	metricGauge     protowire.Number = 2
	metricCounter   protowire.Number = 3
	metricSummary   protowire.Number = 4
	metricUntyped   protowire.Number = 5
	metricHistogram protowire.Number = 7

	pairName  protowire.Number = 1
	pairValue protowire.Number = 2

	numberValue protowire.Number = 1 // of a gauge, a counter, an untyped
	distCount   protowire.Number = 1 // of a summary, a histogram
	distSum     protowire.Number = 2
	distBucket  protowire.Number = 3 // of a histogram

	bucketCount protowire.Number = 1
	bucketUpper protowire.Number = 2
)

// field is one field of a message.
type field struct {
	number protowire.Number
	kind   protowire.Type
	// bytes are the content of a length-delimited field, bits the value of a
	// varint or a fixed one.
	bytes []byte
	bits  uint64
}

// takeField splits the first field off a message.
func takeField(message []byte) (f field, rest []byte, err error) {
	number, kind, n := protowire.ConsumeTag(message)
	if n < 0 {
		return field{}, nil, broken(n)
	}
	f.number, f.kind = number, kind
	message = message[n:]
	switch kind {
	case protowire.BytesType:
		f.bytes, n = protowire.ConsumeBytes(message)
	case protowire.Fixed64Type:
		f.bits, n = protowire.ConsumeFixed64(message)
	case protowire.VarintType:
		f.bits, n = protowire.ConsumeVarint(message)
	default:
		n = protowire.ConsumeFieldValue(number, kind, message)
	}
	if n < 0 {
		return field{}, nil, broken(n)
	}
	return f, message[n:], nil
}

func broken(n int) error { return fmt.Errorf("%w: %w", ErrGarbage, protowire.ParseError(n)) }

// family adds the series of a wanted family to the page.
func (d *Decoder) family(message []byte, index int, p *Page) error {
	for len(message) > 0 {
		f, rest, err := takeField(message)
		if err != nil {
			return err
		}
		message = rest
		if f.number != familyMetric || f.kind != protowire.BytesType {
			continue
		}
		var s Series
		had := len(p.buckets[index])
		only, err := d.metric(f.bytes, index, &s, p)
		if err != nil {
			return err
		}
		if !only {
			p.buckets[index] = p.buckets[index][:had]
			continue
		}
		if d.wanted.families[index].Sum && p.add(index, s) {
			continue
		}
		if d.kept += 1 + len(p.buckets[index]) - had; d.kept > d.bounds.Series {
			return fmt.Errorf("%w: more than %d series are wanted", ErrOversize, d.bounds.Series)
		}
		p.series[index] = append(p.series[index], s)
		if d.wanted.families[index].Buckets {
			p.ends[index] = append(p.ends[index], len(p.buckets[index]))
		}
	}
	return nil
}

// metric decodes one series; keep is false when it is not one that is wanted.
func (d *Decoder) metric(message []byte, index int, s *Series, p *Page) (keep bool, err error) {
	want := &d.wanted.families[index]
	keep = want.Only == Label{}
	for len(message) > 0 {
		f, rest, err := takeField(message)
		if err != nil {
			return false, err
		}
		message = rest
		if f.kind != protowire.BytesType {
			continue
		}
		switch f.number {
		case metricLabel:
			matches, err := d.label(f.bytes, want, s)
			if err != nil {
				return false, err
			}
			keep = keep || matches
		case metricGauge, metricCounter, metricUntyped:
			err = number(f.bytes, s)
		case metricSummary, metricHistogram:
			err = d.distribution(f.bytes, index, s, p)
		default:
		}
		if err != nil {
			return false, err
		}
	}
	return keep, nil
}

// label keeps a label that is wanted; matches is true for the one that selects.
func (d *Decoder) label(message []byte, want *Family, s *Series) (matches bool, err error) {
	var name, value []byte
	for len(message) > 0 {
		f, rest, err := takeField(message)
		if err != nil {
			return false, err
		}
		message = rest
		switch {
		case f.kind != protowire.BytesType:
		case f.number == pairName:
			name = f.bytes
		case f.number == pairValue:
			value = f.bytes
		}
	}
	for i, wanted := range want.Labels {
		if string(name) != wanted {
			continue
		}
		if len(value) > d.bounds.LabelBytes {
			return false, fmt.Errorf("%w: the label %s has a value of %d bytes", ErrOversize, wanted, len(value))
		}
		s.Labels[i] = d.intern(value)
	}
	return want.Only.Name != "" && string(name) == want.Only.Name && string(value) == want.Only.Value, nil
}

// number reads the value of a gauge, a counter or an untyped metric.
func number(message []byte, s *Series) error {
	for len(message) > 0 {
		f, rest, err := takeField(message)
		if err != nil {
			return err
		}
		message = rest
		if f.number == numberValue && f.kind == protowire.Fixed64Type {
			s.Value = math.Float64frombits(f.bits)
		}
	}
	return nil
}

// distribution reads the sum and the count of a histogram or a summary, and those of
// its buckets that are wanted. Sum and count come before buckets and quantiles, as
// encoders write fields in their order: where no bucket is wanted, nothing is looked at
// once both are read.
func (d *Decoder) distribution(message []byte, index int, s *Series, p *Page) error {
	var counted, summed bool
	buckets := d.wanted.families[index].Buckets
	for len(message) > 0 && (!counted || !summed || buckets) {
		f, rest, err := takeField(message)
		if err != nil {
			return err
		}
		message = rest
		switch {
		case f.number == distCount && f.kind == protowire.VarintType:
			s.Count, counted = f.bits, true
		case f.number == distSum && f.kind == protowire.Fixed64Type:
			s.Value, summed = math.Float64frombits(f.bits), true
		case buckets && f.number == distBucket && f.kind == protowire.BytesType:
			b, err := bucket(f.bytes)
			if err != nil {
				return err
			}
			p.buckets[index] = append(p.buckets[index], b)
		}
	}
	return nil
}

func bucket(message []byte) (b Bucket, err error) {
	for len(message) > 0 {
		f, rest, err := takeField(message)
		if err != nil {
			return Bucket{}, err
		}
		message = rest
		switch {
		case f.number == bucketCount && f.kind == protowire.VarintType:
			b.Count = f.bits
		case f.number == bucketUpper && f.kind == protowire.Fixed64Type:
			b.Upper = math.Float64frombits(f.bits)
		}
	}
	return b, nil
}
