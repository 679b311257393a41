// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	certutil "k8s.io/client-go/util/cert"

	"evenkeel.dev/evenkeel/operator/web"
)

// With a certificate it is served with TLS, and the session's cookie is for TLS and this
// server alone; it ends when its manager does.
func TestItIsServedWithTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key, err := certutil.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"tls.crt": cert, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := config(&reader{profiles: fleet(1)}, nil)
	c.Address, c.CertDir = ":0", dir
	s, err := web.New(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	browser := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	form := url.Values{"token": {"letmein"}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+l.Addr().String()+"/login", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	cookie := response.Header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-evenkeel=") || !strings.Contains(cookie, "; Secure") || response.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("the cookie is %s", cookie)
	}
	end()
	if err := <-done; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// An address that is taken is tried again, and costs the operator nothing else.
func TestAnAddressThatIsTaken(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := config(&reader{profiles: fleet(1)}, nil)
	c.Address = taken.Addr().String()
	s, err := web.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Start(ctx) }()
	select {
	case err := <-done:
		t.Fatalf("it ended with %v", err)
	case <-time.After(100 * time.Millisecond): // it has met with what is taken
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	for served := false; !served; {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.Address+"/login", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			served = response.StatusCode == http.StatusOK
			_ = response.Body.Close()
		}
		select {
		case err := <-done:
			t.Fatalf("it ended with %v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
	end()
	if err := <-done; err != nil {
		t.Errorf("it ended with %v", err)
	}
}
