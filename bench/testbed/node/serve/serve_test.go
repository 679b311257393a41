// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestUsageText pins the page to what a kubelet writes; metrics-server v0.9.0
// finds its labels by name and needs the timestamps.
func TestUsageText(t *testing.T) {
	u := Usage{CPUSeconds: 12.5, Pods: []Pod{{
		Namespace: "ns", Name: "p", CPUSeconds: 2.25, WorkingSet: 1 << 30,
		Containers: []Container{{Name: "c", Started: time.UnixMilli(1_700_000_000_123), CPUSeconds: 1.5, WorkingSet: 123_456_789}},
	}}}
	var page bytes.Buffer
	if err := u.Write(&page, time.UnixMilli(1_700_000_060_500)); err != nil {
		t.Fatal(err)
	}
	var samples []string
	for line := range strings.Lines(page.String()) {
		if !strings.HasPrefix(line, "#") {
			samples = append(samples, strings.TrimSpace(line))
		}
	}
	want := []string{
		`container_cpu_usage_seconds_total{container="c",namespace="ns",pod="p"} 1.5 1700000060500`,
		`container_memory_working_set_bytes{container="c",namespace="ns",pod="p"} 1.23456789e+08 1700000060500`,
		`container_start_time_seconds{container="c",namespace="ns",pod="p"} 1700000000.123`,
		`node_cpu_usage_seconds_total 12.5 1700000060500`,
		`node_memory_working_set_bytes 1.073741824e+09 1700000060500`,
		`pod_cpu_usage_seconds_total{namespace="ns",pod="p"} 2.25 1700000060500`,
		`pod_memory_working_set_bytes{namespace="ns",pod="p"} 1.073741824e+09 1700000060500`,
		`resource_scrape_error 0`,
		`scrape_error 0`,
	}
	if diff := cmp.Diff(want, samples); diff != "" {
		t.Error(diff)
	}
}

func TestTailStart(t *testing.T) {
	for _, c := range []struct {
		text  string
		lines int
		want  string
	}{
		{"a\nb\nc\n", 1, "c\n"}, {"a\nb\nc\n", 2, "b\nc\n"}, {"a\nb\nc", 1, "c"}, {"a\nb\n", 9, "a\nb\n"}, {"a\n", 0, ""}, {"", 3, ""}, {"\n\n", 1, "\n"},
	} {
		if got := c.text[tailStart([]byte(c.text), c.lines):]; got != c.want {
			t.Errorf("the last %d lines of %q are %q, want %q", c.lines, c.text, got, c.want)
		}
	}
}

func logServer(t *testing.T, log Log) *httptest.Server {
	t.Helper()
	s := &Server{o: Options{Log: func(_, pod, _ string, _ bool) (Log, error) {
		if pod != "p" {
			return Log{}, ErrNoLog
		}
		return log, nil
	}}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", s.serveLog)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body.String()
}

func TestLogs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("one\ntwo\nthree\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := logServer(t, Log{Path: path})
	for query, want := range map[string]string{
		"p/c": "200 one\ntwo\nthree\n", "p/c?tailLines=2": "200 two\nthree\n", "p/c?limitBytes=5": "200 one\nt", "p/c?follow=true": "200 one\ntwo\nthree\n",
		"p/c?tailLines=x": "400 tailLines is not a number\n", "p/c?limitBytes=0": "400 limitBytes is not a positive number\n", "other/c": "404 no such log\n",
	} {
		code, body := fetch(t, server.URL+"/containerLogs/ns/"+query)
		if strconv.Itoa(code)+" "+body != want {
			t.Errorf("%s gives %d %q, want %q", query, code, body, want)
		}
	}
}

func TestFollowEndsWithTheContainer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	server := logServer(t, Log{Path: path, Ended: ended})
	go func() {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
		}
		if _, err := file.WriteString("two\n"); err != nil {
			t.Error(err)
		}
		_ = file.Close()
		close(ended)
	}()
	if code, body := fetch(t, server.URL+"/containerLogs/ns/p/c?follow=true"); code != http.StatusOK || body != "one\ntwo\n" {
		t.Errorf("following gives %d %q", code, body)
	}
}
