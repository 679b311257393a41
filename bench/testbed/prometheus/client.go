// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// answerWithin and mostAnswer bound one answer, in time and in bytes.
	answerWithin = 30 * time.Second
	mostAnswer   = 64 << 20
	// mostRefusal is how much of a refusal an error shows, in bytes.
	mostRefusal = 500
)

// Client asks a server, whoever runs it.
type Client struct {
	// URL is the server's, without a slash at the end.
	URL string
}

// Point is a value at a time.
type Point struct {
	Time  time.Time
	Value float64
}

// Series is what has one set of labels, oldest first.
type Series struct {
	Labels map[string]string
	Points []Point
}

// Instant is what an expression gives at a time; the zero time is now. A scalar is a series
// without labels, and each series has one point.
func (c Client) Instant(ctx context.Context, expression string, at time.Time) ([]Series, error) {
	values := url.Values{"query": {expression}}
	if !at.IsZero() {
		values.Set("time", seconds(at))
	}
	return c.query(ctx, "/api/v1/query", values)
}

// Range is what an expression gives from one time to another, at every step.
func (c Client) Range(ctx context.Context, expression string, from, to time.Time, step time.Duration) ([]Series, error) {
	return c.query(ctx, "/api/v1/query_range", url.Values{
		"query": {expression}, "start": {seconds(from)}, "end": {seconds(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

func (c Client) query(ctx context.Context, path string, values url.Values) ([]Series, error) {
	var data struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	}
	if err := c.api(ctx, path, values, &data); err != nil {
		return nil, fmt.Errorf("asking for %s: %w", values.Get("query"), err)
	}
	all, err := read(data.ResultType, data.Result)
	if err != nil {
		return nil, fmt.Errorf("reading what %s gives: %w", values.Get("query"), err)
	}
	return all, nil
}

// read reads a result of a type that has numbers.
func read(kind string, raw json.RawMessage) ([]Series, error) {
	if kind == "scalar" {
		var p pair
		err := json.Unmarshal(raw, &p)
		return []Series{{Points: []Point{Point(p)}}}, err
	}
	var results []struct {
		Metric map[string]string `json:"metric"`
		Value  *pair             `json:"value"`
		Values []pair            `json:"values"`
	}
	if err := json.Unmarshal(raw, &results); err != nil {
		return nil, fmt.Errorf("a result of type %s: %w", kind, err)
	}
	all := make([]Series, 0, len(results))
	for _, r := range results {
		s := Series{Labels: r.Metric}
		if r.Value != nil {
			r.Values = []pair{*r.Value}
		}
		for _, p := range r.Values {
			s.Points = append(s.Points, Point(p))
		}
		all = append(all, s)
	}
	return all, nil
}

// pair is a point as Prometheus writes it: [1700000000.5, "1"].
type pair Point

// UnmarshalJSON reads it.
func (p *pair) UnmarshalJSON(raw []byte) error {
	var at float64
	var value string
	if err := json.Unmarshal(raw, &[]any{&at, &value}); err != nil {
		return err
	}
	f, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return fmt.Errorf("the value of a point: %w", err)
	}
	*p = pair{Time: time.UnixMilli(int64(at * 1000)), Value: f}
	return nil
}

// api asks the API and reads the data of its answer.
func (c Client) api(ctx context.Context, path string, values url.Values, data any) error {
	raw, err := c.get(ctx, path, values)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &struct {
		Data any `json:"data"`
	}{data}); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", path, err)
	}
	return nil
}

// get is the body of an answer that is 200.
func (c Client) get(ctx context.Context, path string, values url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path+"?"+values.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer of %s: %w", path, err)
	case len(raw) > mostAnswer:
		return nil, fmt.Errorf("the answer of %s is larger than %d bytes", path, mostAnswer)
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answered %s: %s", path, answer.Status, raw[:min(len(raw), mostRefusal)])
	}
	return raw, nil
}

// seconds is a time as Prometheus reads it.
func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}
