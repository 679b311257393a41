// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"path"
	"strings"
)

// policy is what a page may load: from this server alone, and no script or style that
// stands in the page itself, so that what a tenant wrote can run nothing.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// forLoopback tells whether a request is for this machine by name: without TLS another name is one
// that somebody has turned to this address, for a page of theirs to read these.
func forLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// guarded adds what browsers are told of every answer.
func guarded(next http.Handler, secure bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		} else if !forLoopback(r.Host) {
			http.Error(w, "Without TLS this is served to localhost alone.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// assets serves the style and the script. Their addresses carry a sum of what is in them, so
// that browsers keep them until an operator brings others.
func assets() (http.Handler, error) {
	type file struct {
		body []byte
		kind string
	}
	files := map[string]file{}
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		return nil, fmt.Errorf("reading what is embedded: %w", err)
	}
	for _, e := range entries {
		body, err := static.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("reading what is embedded: %w", err)
		}
		files[e.Name()] = file{body: body, kind: mime.TypeByExtension(path.Ext(e.Name()))}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, is := files[path.Base(r.URL.Path)]
		if !is {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", f.kind)
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		compress(w, r, http.StatusOK, func(out writer) error { _, err := out.Write(f.body); return err })
	}), nil
}

// sum names what is in a file.
func sum(name string) string {
	body, err := static.ReadFile("static/" + name)
	if err != nil {
		return ""
	}
	s := sha256.Sum256(body)
	return hex.EncodeToString(s[:6])
}
