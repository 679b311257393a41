// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// server is a Prometheus that knows one control plane, nothing of its certificates, only NaN
// of what takes how long, and that refuses what is asked of alarms.
func server(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		expr, value := r.FormValue("query"), "1"
		kind, points := "vector", `"value": [100, %q]`
		if strings.HasSuffix(r.URL.Path, "query_range") {
			kind, points = "matrix", `"values": [[100, %q]]`
		}
		switch {
		case strings.Contains(expr, "$"):
			t.Errorf("asked for %s", expr)
		case strings.Contains(expr, series.EtcdAlarms):
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		case strings.Contains(expr, series.Expires):
			_, _ = fmt.Fprintf(w, `{"data": {"resultType": %q, "result": []}}`, kind)
			return
		case strings.Contains(expr, "histogram_quantile"):
			value = "NaN"
		}
		_, _ = fmt.Fprintf(w, `{"data": {"resultType": %q, "result": [{"metric": {"namespace": "tenant-acme", "name": "acme"}, `+points+`}]}}`, kind, value)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAskListsWhatIsEmpty(t *testing.T) {
	url, path := server(t), filepath.Join(t.TempDir(), "panels.json")
	var out bytes.Buffer
	err := run(t.Context(), []string{"--url", url, "--json", path}, &out)
	if err == nil || !strings.Contains(err.Error(), "expressions failed") {
		t.Errorf("of expressions that are refused it says %v", err)
	}
	for _, want := range []string{
		"empty: evenkeel-fleet: First certificate ends in (A)\n", "empty: evenkeel-fleet: Time of one look (B)\n",
		"failed: evenkeel-etcd: Alarms (A): asking for ", "empty, 2 failed",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	for line := range strings.Lines(out.String()) {
		if listed := strings.HasPrefix(line, "empty: ") || strings.HasPrefix(line, "failed: "); listed && strings.Contains(line, "Bad minutes") {
			t.Errorf("what has an answer is listed: %s", line)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r Result
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	if r.Expressions != len(questions()) || r.Panels < 50 || len(r.Failed) != 2 || len(r.Empty) == 0 || r.Empty[0].Expr == "" {
		t.Errorf("the result is %+v", r)
	}
}

func TestAskSaysThatNothingIsThere(t *testing.T) {
	url := server(t)
	_, err := Ask(t.Context(), Options{URL: url, Name: "other"})
	if err == nil || err.Error() != "looking for control planes: no evenkeel_sla_target_ratio of such a one is told" {
		t.Errorf("it says %v", err)
	}
}
