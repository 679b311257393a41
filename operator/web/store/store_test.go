// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/operator/history"
)

var (
	acme  = types.NamespacedName{Namespace: "tenant-acme", Name: "acme"}
	since = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
)

// matrixOf is an answer as Prometheus gives it.
func matrixOf(rows ...string) string {
	return `{"status":"success","data":{"resultType":"matrix","result":[` + strings.Join(rows, ",") + `]}}`
}

func row(labels string, from time.Time, values ...string) string {
	var pairs []string
	for i, v := range values {
		pairs = append(pairs, fmt.Sprintf(`[%d,"%s"]`, from.Add(time.Duration(i)*5*time.Minute).Unix(), v))
	}
	return `{"metric":{` + labels + `},"values":[` + strings.Join(pairs, ",") + "]}"
}

func answer(w io.Writer, text string) {
	_, _ = io.WriteString(w, text) // who has hung up is not told
}

// A store's answers become points: gauges by their names, rates, what is NaN or missing as
// not seen.
func TestSeries(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := since.Add(5 * time.Minute)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.FormValue("query")
		if r.URL.Path != "/prom/api/v1/query_range" || r.Header.Get("Authorization") != "Bearer s3cret" || !strings.Contains(query, `namespace="tenant-acme",name="acme"`) || r.FormValue("step") != "300" {
			t.Errorf("asked %s %s", r.URL, query)
		}
		switch {
		case strings.Contains(query, "__name__"):
			answer(w, matrixOf(
				row(`"__name__":"evenkeel_used_seats"`, first, "10", "20", "NaN"), row(`"__name__":"evenkeel_load_line_seats"`, first, "212", "212", "180"),
				row(`"__name__":"evenkeel_unseen"`, first, "0", "0", "1"), row(`"__name__":"evenkeel_something_else"`, first, "1")))
		case strings.Contains(query, "unless"):
			answer(w, matrixOf(row("", first.Add(5*time.Minute), "1")))
		case strings.Contains(query, "evenkeel_requests_failed_total"):
			answer(w, matrixOf(row("", first, "0.5")))
		case strings.Contains(query, "evenkeel_size"):
			answer(w, matrixOf(row(`"resource":"cpu"`, first, "4.5"), row(`"resource":"memory"`, first, "+Inf")))
		default:
			answer(w, matrixOf())
		}
	}))
	defer server.Close()
	r, err := New(server.URL+"/prom", file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	points, err := r.Series(t.Context(), acme, since, since.Add(20*time.Minute), 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if len(points) != 3 {
		t.Fatalf("%d points, want 3: %v", len(points), points)
	}
	nan := func(f float32) bool { return math.IsNaN(float64(f)) }
	a, b, c := points[0], points[1], points[2]
	if !a.At.Equal(first) || a.Used != 10 || a.LoadLine != 212 || a.Verdict != history.Up || a.Failed != .5 || a.CPURequested != 4.5 || !nan(a.MemoryRequested) || !nan(a.Requests) || !nan(a.ListP99) {
		t.Errorf("the first point is %+v", a)
	}
	if b.Verdict != history.Down || !nan(c.Used) || c.Verdict != history.Blind || c.LoadLine != 180 || !nan(c.Failed) {
		t.Errorf("the others are %+v and %+v", b, c)
	}
}

// A store that is slow, too large, away, wrong or sends elsewhere is an error within its time,
// and its token stays with it.
func TestABadStore(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host is asked, with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	for name, one := range map[string]struct {
		reply http.HandlerFunc
		want  string
	}{
		"large": {func(w http.ResponseWriter, _ *http.Request) { answer(w, strings.Repeat(" ", mostBytes+2)) }, "larger than 8 MiB"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "sends elsewhere"},
		"down": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "502 Bad Gateway"},
		"html": {func(w http.ResponseWriter, _ *http.Request) { answer(w, "<html>") }, "invalid character"},
		"refuses": {func(w http.ResponseWriter, _ *http.Request) {
			answer(w, `{"status":"error","error":"too many samples"}`)
		}, "too many samples"},
		"vector": {func(w http.ResponseWriter, _ *http.Request) {
			answer(w, `{"status":"success","data":{"resultType":"vector"}}`)
		}, "none to this question"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(one.reply)
			defer server.Close()
			r, err := New(server.URL, "", nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Series(t.Context(), acme, since, since.Add(time.Hour), time.Minute); err == nil || !strings.Contains(err.Error(), one.want) {
				t.Errorf("the error is %v, want %q", err, one.want)
			}
			key := types.NamespacedName{Namespace: `a"} or up{x="`, Name: "a"}
			if _, err := r.Series(t.Context(), key, since, since.Add(time.Hour), time.Minute); err == nil || !strings.Contains(err.Error(), "no name of a profile") {
				t.Errorf("of a name that is none the error is %v", err)
			}
		})
	}
}

// Whom it talks to is verified.
func TestTLSIsVerified(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, matrixOf()) }))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for name, one := range map[string]struct {
		roots *x509.CertPool
		want  string
	}{"a stranger": {x509.NewCertPool(), "certificate"}, "known": {roots, ""}} {
		r, err := New(server.URL, "", nil, &tls.Config{RootCAs: one.roots, MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Series(t.Context(), acme, since, since.Add(time.Hour), time.Minute)
		if (err == nil) != (one.want == "") || err != nil && !strings.Contains(err.Error(), one.want) {
			t.Errorf("%s: %v, want %q", name, err, one.want)
		}
	}
	for _, address := range []string{"ftp://a", "prometheus:9090", "https://user:secret@a", "https://"} {
		if _, err := New(address, "", nil, nil); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Whatever a store answers is read or refused.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(matrixOf(row(`"__name__":"evenkeel_down"`, since, "1", "NaN", "+Inf"))))
	f.Add([]byte(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":null,"values":[[1e300,"1"],[null,null]]}]}}`))
	f.Add([]byte(`{"status":"error"}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		m, err := decode(body)
		if err != nil {
			return
		}
		points := []history.Point{{At: since, Sample: history.None()}, {At: since.Add(time.Minute), Sample: history.None()}}
		for _, q := range questions("", time.Minute) {
			q.fill(points, m, time.Minute)
		}
	})
}
