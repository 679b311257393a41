// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

// A client of an Access stays where it was sent, and reads no more than it must.
func TestClientIsGuarded(t *testing.T) {
	elsewhere := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere = true }))
	defer other.Close()
	tenant := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		case "/endless":
			piece := make([]byte, 1<<20)
			for range 100 {
				if _, err := w.Write(piece); err != nil {
					return
				}
			}
		default:
			if r.Header.Get("Authorization") == "Bearer mine" {
				_, _ = io.WriteString(w, "welcome")
			}
		}
	}))
	defer tenant.Close()

	a, fault := Parse([]byte(kubeconfig("server: https://example.com:6443\n"+
		data("certificate-authority-data", text("CERTIFICATE", tenant.Certificate().Raw)), "token: mine")), tenant.Certificate().NotBefore.AddDate(1, 0, 0))
	if fault != nil {
		t.Fatalf("fault %+v", *fault)
	}
	client, err := rest.HTTPClientFor(a.RESTConfig(strings.TrimPrefix(tenant.URL, "https://")))
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	get := func(path string) (string, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tenant.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			return "", err
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		return string(body), err
	}
	if body, err := get("/"); err != nil || body != "welcome" {
		t.Errorf("answer %q, %v", body, err)
	}
	if _, err := get("/redirect"); !errors.Is(err, ErrRedirect) || elsewhere {
		t.Errorf("error %v, followed: %v; want ErrRedirect and not followed", err, elsewhere)
	}
	if body, err := get("/endless"); !errors.Is(err, ErrAnswerTooLong) || len(body) > MaxAnswer {
		t.Errorf("%d bytes, error %v; want ErrAnswerTooLong", len(body), err)
	}
}
