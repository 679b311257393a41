// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strings"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/encoding/protowire"
)

// mostSamples is how many samples go in one request, as Prometheus itself sends.
const mostSamples = 2000

// Fields of remote write 1.0 (prometheus/prompb): a WriteRequest has series, a series labels
// and samples. Version 1.0 is what every store takes.
const (
	requestSeries                = 1
	seriesLabels, seriesSamples  = 1, 2
	labelName, labelValue        = 1, 2
	sampleValue, sampleTimestamp = 1, 2
)

// batch is a WriteRequest in bytes, packed as it waits. It tells them as the client library
// asks for them, which packs them once more: that is little beside what waits.
type batch struct {
	packed  []byte
	samples int
}

// SizeVT is how many bytes it is unpacked.
func (b *batch) SizeVT() int {
	n, err := snappy.DecodedLen(b.packed)
	if err != nil {
		return 0
	}
	return n
}

// MarshalToSizedBufferVT writes it to the end of a buffer.
func (b *batch) MarshalToSizedBufferVT(to []byte) (int, error) {
	n := b.SizeVT()
	if len(to) < n {
		return 0, errors.New("writing a request: the buffer is too small")
	}
	if _, err := snappy.Decode(to[len(to)-n:], b.packed); err != nil {
		return 0, fmt.Errorf("writing a request: %w", err)
	}
	return n, nil
}

// encoder makes requests of samples, with labels that tell this process from others, and
// hands on each that is full. told is what it has made.
type encoder struct {
	own     map[string]string
	full    func(*batch)
	told    gathering
	bytes   []byte
	samples int
}

func (e *encoder) add(samples model.Vector) {
	if e.told.series == nil {
		e.told.series = map[uint64]struct{}{}
	}
	for _, s := range samples {
		labels := encodeLabels(s.Metric, e.own)
		e.told.series[maphash.Bytes(hashed, labels)] = struct{}{}
		e.put(labels, math.Float64bits(float64(s.Value)), s.Timestamp)
	}
}

// end ends a series.
func (e *encoder) end(labels []byte, at model.Time) { e.put(labels, staleNaN, at) }

func (e *encoder) put(labels []byte, value uint64, at model.Time) {
	var sample []byte
	sample = protowire.AppendTag(sample, sampleValue, protowire.Fixed64Type)
	sample = protowire.AppendFixed64(sample, value)
	sample = protowire.AppendTag(sample, sampleTimestamp, protowire.VarintType)
	sample = protowire.AppendVarint(sample, uint64(at)) //nolint:gosec // an int64 as protobuf has it
	size := len(labels) + protowire.SizeTag(seriesSamples) + protowire.SizeBytes(len(sample))
	e.bytes = protowire.AppendTag(e.bytes, requestSeries, protowire.BytesType)
	e.bytes = protowire.AppendVarint(e.bytes, uint64(size)) //nolint:gosec // a length
	e.bytes = append(e.bytes, labels...)
	e.bytes = protowire.AppendTag(e.bytes, seriesSamples, protowire.BytesType)
	e.bytes = protowire.AppendBytes(e.bytes, sample)
	if e.samples++; e.samples == mostSamples {
		e.flush()
	}
}

// flush hands on what is left.
func (e *encoder) flush() {
	if e.samples == 0 {
		return
	}
	packed := snappy.Encode(nil, e.bytes)
	b := &batch{packed: bytes.Clone(packed), samples: e.samples} // Encode keeps room that is not needed
	e.told.requests = append(e.told.requests, b)
	e.full(b)
	e.bytes, e.samples = e.bytes[:0], 0
}

// encodeLabels are the labels of a series, in their order, as fields of it.
func encodeLabels(of model.Metric, own map[string]string) (out []byte) {
	type label struct{ name, value string }
	labels := make([]label, 0, len(of)+len(own))
	for name, value := range of {
		labels = append(labels, label{string(name), string(value)})
	}
	for name, value := range own {
		if _, is := of[model.LabelName(name)]; !is {
			labels = append(labels, label{name, value})
		}
	}
	slices.SortFunc(labels, func(a, b label) int { return strings.Compare(a.name, b.name) })
	var part []byte
	for _, l := range labels {
		part = protowire.AppendTag(part[:0], labelName, protowire.BytesType)
		part = protowire.AppendString(part, l.name)
		part = protowire.AppendTag(part, labelValue, protowire.BytesType)
		part = protowire.AppendString(part, l.value)
		out = protowire.AppendTag(out, seriesLabels, protowire.BytesType)
		out = protowire.AppendBytes(out, part)
	}
	return out
}
