// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"math"
	"slices"
	"strings"

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

// batch is a WriteRequest in bytes. It tells them as the client library asks for them.
type batch struct {
	bytes   []byte
	samples int
}

// SizeVT is how many bytes it is.
func (b *batch) SizeVT() int { return len(b.bytes) }

// MarshalToSizedBufferVT writes it to the end of a buffer.
func (b *batch) MarshalToSizedBufferVT(to []byte) (int, error) {
	if len(to) < len(b.bytes) {
		return 0, errors.New("writing a request: the buffer is too small")
	}
	return copy(to[len(to)-len(b.bytes):], b.bytes), nil
}

// encode makes requests of samples, with labels that tell this process from others.
func encode(samples model.Vector, own map[string]string) []*batch {
	var all []*batch
	for len(samples) > 0 {
		n := min(mostSamples, len(samples))
		b := &batch{samples: n}
		for _, s := range samples[:n] {
			b.bytes = protowire.AppendTag(b.bytes, requestSeries, protowire.BytesType)
			b.bytes = protowire.AppendBytes(b.bytes, encodeSeries(s, own))
		}
		all, samples = append(all, b), samples[n:]
	}
	return all
}

func encodeSeries(s *model.Sample, own map[string]string) []byte {
	type label struct{ name, value string }
	labels := make([]label, 0, len(s.Metric)+len(own))
	for name, value := range s.Metric {
		labels = append(labels, label{string(name), string(value)})
	}
	for name, value := range own {
		if _, is := s.Metric[model.LabelName(name)]; !is {
			labels = append(labels, label{name, value})
		}
	}
	slices.SortFunc(labels, func(a, b label) int { return strings.Compare(a.name, b.name) })
	var out, part []byte
	for _, l := range labels {
		part = protowire.AppendTag(part[:0], labelName, protowire.BytesType)
		part = protowire.AppendString(part, l.name)
		part = protowire.AppendTag(part, labelValue, protowire.BytesType)
		part = protowire.AppendString(part, l.value)
		out = protowire.AppendTag(out, seriesLabels, protowire.BytesType)
		out = protowire.AppendBytes(out, part)
	}
	part = protowire.AppendTag(part[:0], sampleValue, protowire.Fixed64Type)
	part = protowire.AppendFixed64(part, math.Float64bits(float64(s.Value)))
	part = protowire.AppendTag(part, sampleTimestamp, protowire.VarintType)
	part = protowire.AppendVarint(part, uint64(s.Timestamp)) //nolint:gosec // an int64 as protobuf has it
	out = protowire.AppendTag(out, seriesSamples, protowire.BytesType)
	return protowire.AppendBytes(out, part)
}
