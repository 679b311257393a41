// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"evenkeel.dev/evenkeel/bench/pages"
	"evenkeel.dev/evenkeel/operator/observe"
	"evenkeel.dev/evenkeel/operator/observe/page"
)

// found is what a decoder found in a page. Of the same page all must find the same.
type found struct {
	// levels are the series of nominalSeats, seats their sum.
	levels int
	seats  float64
}

// nominalSeats is the family by which decoders are compared.
const nominalSeats = "apiserver_flowcontrol_nominal_limit_seats"

// decoder decodes a page to its end.
type decoder struct {
	// name is the figure's, file the page that it reads.
	name, file string
	decode     func(body []byte) (found, error)
}

// decoders are Evenkeel's and those of the libraries that are in use elsewhere. Each
// is told what it can be told: Evenkeel's the families of a decision, and
// Prometheus's parsers are asked for the labels of the one family alone.
func decoders() ([]decoder, error) {
	own, err := evenkeel()
	if err != nil {
		return nil, err
	}
	return []decoder{
		{"evenkeel", pages.ProtoFile, own},
		{"expfmt_text", pages.TextFile, expfmtText},
		{"expfmt_proto", pages.ProtoFile, expfmtProto},
		{"prometheus_text", pages.TextFile, prometheus(pages.TextForm)},
		{"prometheus_proto", pages.ProtoFile, prometheus(pages.ProtoForm)},
	}, nil
}

// evenkeel decodes as the operator does: the same families, one page after the other
// into the same memory.
func evenkeel() (func([]byte) (found, error), error) {
	families := observe.WantedFamilies()
	wanted, err := page.Want(families...)
	if err != nil {
		return nil, err
	}
	var nominal int
	for i, f := range families {
		if f.Name == nominalSeats {
			nominal = i
		}
	}
	d, p, r := page.NewDecoder(wanted, page.Bounds{}), &page.Page{}, bytes.NewReader(nil)
	return func(body []byte) (f found, err error) {
		r.Reset(body)
		if err := d.Decode(r, p); err != nil {
			return f, err
		}
		for _, s := range p.Series(nominal) {
			f.levels++
			f.seats += s.Value
		}
		return f, nil
	}, nil
}

func expfmtText(body []byte) (f found, err error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		return f, err
	}
	f.add(families[nominalSeats])
	return f, nil
}

func expfmtProto(body []byte) (f found, err error) {
	d := expfmt.NewDecoder(bytes.NewReader(body), expfmt.NewFormat(expfmt.TypeProtoDelim))
	for {
		var family dto.MetricFamily
		if err := d.Decode(&family); errors.Is(err, io.EOF) {
			return f, nil
		} else if err != nil {
			return f, err
		}
		if family.GetName() == nominalSeats {
			f.add(&family)
		}
	}
}

func (f *found) add(family *dto.MetricFamily) {
	for _, m := range family.GetMetric() {
		f.levels++
		f.seats += m.GetGauge().GetValue()
	}
}

// prometheus reads with the parser of a scrape; names are remembered from one page to
// the next, as a scrape does.
func prometheus(form string) func([]byte) (found, error) {
	symbols := labels.NewSymbolTable()
	return func(body []byte) (f found, err error) {
		parser, err := textparse.New(body, form, symbols, textparse.ParserOptions{})
		if err != nil {
			return f, err
		}
		var l labels.Labels
		for {
			entry, err := parser.Next()
			if errors.Is(err, io.EOF) {
				return f, nil
			}
			if err != nil {
				return f, err
			}
			if entry != textparse.EntrySeries {
				continue
			}
			series, _, value := parser.Series()
			if !bytes.HasPrefix(series, []byte(nominalSeats)) {
				continue
			}
			if parser.Labels(&l); l.Get("__name__") == nominalSeats {
				f.levels++
				f.seats += value
			}
		}
	}
}
