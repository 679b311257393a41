// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// mostSeries is how many series an answer may have: those of one control plane are few.
const mostSeries = 200

// matrix are the series of an answer.
type matrix []vector

type vector struct {
	labels map[string]string
	values []value
}

type value struct {
	at time.Time
	is float64
}

// reply is the answer as Prometheus gives it.
type reply struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		ResultType string `json:"resultType"`
		Result     []struct {
			Metric map[string]string    `json:"metric"`
			Values [][2]json.RawMessage `json:"values"`
		} `json:"result"`
	} `json:"data"`
}

// decode reads an answer. What it says is a store's, and is checked like a tenant's.
func decode(body []byte) (matrix, error) {
	var r reply
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("reading the store's answer: %w", err)
	}
	if r.Status != "success" {
		return nil, fmt.Errorf("the store refuses: %.200q", r.Error)
	}
	if r.Data.ResultType != "matrix" || len(r.Data.Result) > mostSeries {
		return nil, fmt.Errorf("reading the store's answer: %.20q with %d series is none to this question", r.Data.ResultType, len(r.Data.Result))
	}
	m := make(matrix, 0, len(r.Data.Result))
	for _, one := range r.Data.Result {
		v := vector{labels: one.Metric}
		for _, pair := range one.Values[:min(len(one.Values), mostPoints+1)] {
			at, err := strconv.ParseFloat(string(pair[0]), 64)
			if err != nil || math.IsNaN(at) || at < 0 || at > 1<<36 {
				return nil, fmt.Errorf("reading the store's answer: %.20q is no time", pair[0])
			}
			is, err := strconv.ParseFloat(strings.Trim(string(pair[1]), "\""), 64)
			if err != nil {
				return nil, fmt.Errorf("reading the store's answer: %.20q is no value", pair[1])
			}
			v.values = append(v.values, value{time.UnixMilli(int64(math.Round(1000 * at))), is})
		}
		m = append(m, v)
	}
	return m, nil
}
