// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"

	"evenkeel.dev/evenkeel/operator/web"
)

// Whoever may not see cannot tell what there is: one that is not there and one that may not
// be seen are the same answer, byte for byte.
func TestNothingLeaks(t *testing.T) {
	c := config(&reader{profiles: fleet(3)}, nil)
	c.Access = rights(func(a *authorizationv1.ResourceAttributes) bool { return a.Namespace == "tenant-contoso" })
	server := serve(t, c)
	for _, format := range []string{"/cp/%s", "/live/cp/%s", "/cp/%s/report", "/cp/%s/report.csv?month=2026-11", "/cp/%s/report.json?month=x"} {
		for _, accept := range []string{"text/html", "*/*"} {
			var first answer
			for i, name := range []string{"tenant-acme/acme", "tenant-acme/nothing", "nowhere/acme", "tenant-acme/%0a", "-x/..a", "tenant-acme/" + strings.Repeat("a", 300)} {
				got := get(t, server, fmt.Sprintf(format, name), "Accept", accept)
				got.header.Del("Date")
				if got.status != http.StatusForbidden || strings.Contains(got.body, "acme") {
					t.Errorf("%s of %s is %d: %s", format, name, got.status, got.body)
				}
				if i == 0 {
					first = got
				} else if got.body != first.body || fmt.Sprint(got.header) != fmt.Sprint(first.header) {
					t.Errorf("%s of %s differs from what is there:\n%v %s\n%v %s", format, name, first.header, first.body, got.header, got.body)
				}
			}
		}
	}
	if got := get(t, server, "/live/fleet?since=0"); strings.Contains(got.body, "acme") || !strings.Contains(got.body, "contoso") {
		t.Errorf("the live fleet is %s", got.body)
	}
}

// Without the host cluster's word nothing is seen.
func TestAHostThatIsSilent(t *testing.T) {
	c := config(&reader{profiles: fleet(3)}, nil)
	c.Access = rights(nil)
	for name, server := range map[string]web.Config{"rights": c, "tokens": func() web.Config { c := c; c.Tokens = tokens{errors.New("gone")}; return c }()} {
		for _, path := range []string{"/", "/cp/tenant-acme/acme", "/live/fleet"} {
			if got := get(t, serve(t, server), path); got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "acme") {
				t.Errorf("without %s %s is %d: %s", name, path, got.status, got.body)
			}
		}
	}
}

// A browser's way: to the login, with a token to where it wanted to go, and out again.
func TestASession(t *testing.T) {
	clock := now
	c := config(&reader{profiles: fleet(3)}, nil)
	c.Now = func() time.Time { return clock }
	server := serve(t, c)
	html := []string{"Accept", "text/html"}
	got := do(t, server, "GET", "/cp/tenant-acme/acme?range=24h", "", html...)
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/login?next=%2Fcp%2Ftenant-acme%2Facme%3Frange%3D24h" {
		t.Fatalf("without a session the answer is %d to %s", got.status, got.header.Get("Location"))
	}
	form := func(token, next string) string { return url.Values{"token": {token}, "next": {next}}.Encode() }
	const kind = "application/x-www-form-urlencoded"
	if got := do(t, server, "POST", "/login", form("wrong", "/"), "Content-Type", kind); got.status != http.StatusUnauthorized || got.header.Get("Set-Cookie") != "" {
		t.Errorf("a wrong token is answered by %d and %s", got.status, got.header.Get("Set-Cookie"))
	}
	if got := do(t, server, "POST", "/login", form("letmein", "/"), "Content-Type", kind, "Sec-Fetch-Site", "cross-site"); got.status != http.StatusForbidden {
		t.Errorf("a form of another site is answered by %d", got.status)
	}
	for next, want := range map[string]string{"/cp/tenant-acme/acme": "/cp/tenant-acme/acme", "https://evil.example": "/", "//evil.example": "/", "/\\evil.example": "/", "": "/"} {
		if got := do(t, server, "POST", "/login", form("letmein", next), "Content-Type", kind); got.header.Get("Location") != want {
			t.Errorf("from %q the way goes to %q", next, got.header.Get("Location"))
		}
	}
	got = do(t, server, "POST", "/login", form("letmein", "/"), "Content-Type", kind)
	cookie := got.header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Strict", "Max-Age=28800", "Path=/"} {
		if !strings.Contains(cookie, part) || strings.Contains(cookie, "letmein") {
			t.Errorf("the cookie is %s", cookie)
		}
	}
	session := append(html, "Cookie", strings.SplitN(cookie, ";", 2)[0])
	if got := do(t, server, "GET", "/", "", session...); got.status != http.StatusOK {
		t.Errorf("with a session the answer is %d", got.status)
	}
	clock = clock.Add(8*time.Hour + time.Second)
	if got := do(t, server, "GET", "/", "", session...); got.status != http.StatusSeeOther {
		t.Errorf("after eight hours the answer is %d", got.status)
	}
	clock = now
	session = append(html, "Cookie", strings.SplitN(do(t, server, "POST", "/login", form("letmein", "/"), "Content-Type", kind).header.Get("Set-Cookie"), ";", 2)[0])
	do(t, server, "POST", "/logout", "", session...)
	if got := do(t, server, "GET", "/", "", session...); got.status != http.StatusSeeOther {
		t.Errorf("after the logout the answer is %d", got.status)
	}
	if got := do(t, server, "GET", "/logout", "", session...); got.status != http.StatusNotFound {
		t.Errorf("a link that signs out is answered by %d", got.status)
	}
}

// Tokens do not go over the network in the clear.
func TestWhereItMayBeServed(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8443": "", "[::1]:8443": "", "localhost:8443": "", ":8443": "in the clear", "10.1.2.3:8443": "in the clear", "0.0.0.0:1": "in the clear", "nonsense": "missing port",
	} {
		c := config(&reader{}, nil)
		c.Address = address
		_, err := web.New(c)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
		c.CertDir = "somewhere"
		if _, err := web.New(c); err != nil && want != "missing port" {
			t.Errorf("%s with a certificate: %v", address, err)
		}
	}
}

// What browsers are told of every answer, whatever it is.
func TestHeaders(t *testing.T) {
	server := serve(t, config(&reader{profiles: fleet(1)}, nil))
	for _, path := range []string{"/", "/cp/tenant-acme/acme", "/login", "/nothing", "/live/fleet"} {
		got := get(t, server, path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		} {
			if !strings.Contains(got.header.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
		if strings.Contains(got.body, "style=") || strings.Contains(got.body, "onclick=") || strings.Contains(got.body, "http://") && !strings.Contains(path, "nothing") {
			t.Errorf("%s has a style, a script or an address of its own:\n%s", path, got.body)
		}
	}
}
