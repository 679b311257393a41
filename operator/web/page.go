// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"strings"
	"time"
)

//go:embed templates
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{"plain": plain, "sum": sum, "iso": iso, "clock": clock, "date": date, "whole": whole}).ParseFS(files, "templates/*.html"))

// page is what every page has.
type page struct {
	Title, Theme, User string
	// Live is the address of what changes; empty where nothing does.
	Live string
	Now  time.Time
}

func (s *Server) page(r *http.Request, u *user, title string) page {
	p := page{Title: title, Now: s.config.Now().UTC()}
	if u != nil {
		p.User = plain(u.Username)
	}
	if c, err := r.Cookie("theme"); err == nil && (c.Value == "light" || c.Value == "dark") {
		p.Theme = c.Value
	}
	return p
}

// writer is where an answer goes, piece by piece where that helps.
type writer interface {
	io.Writer
	Flush() error
}

type plainWriter struct{ http.ResponseWriter }

func (p plainWriter) Flush() error { return http.NewResponseController(p.ResponseWriter).Flush() }

type packedWriter struct {
	*gzip.Writer
	to plainWriter
}

func (p packedWriter) Flush() error {
	if err := p.Writer.Flush(); err != nil {
		return err
	}
	return p.to.Flush()
}

// compress writes an answer, compressed where the browser takes that. Who does not listen to
// the end is not told of it.
func compress(w http.ResponseWriter, r *http.Request, status int, write func(writer) error) {
	w.Header().Add("Vary", "Accept-Encoding")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.WriteHeader(status)
		_ = write(plainWriter{w})
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	packed := gzip.NewWriter(w)
	if write(packedWriter{packed, plainWriter{w}}) == nil {
		_ = packed.Close()
	}
}

// write answers with a page.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		s.log.Error(err, "A page of the dashboard cannot be made", "page", name)
		http.Error(w, "This page cannot be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	compress(w, r, status, func(out writer) error { _, err := io.WriteString(out, b.String()); return err })
}

type failPage struct {
	page
	Message string
}

// fail answers with a page that says what is wrong; to whoever wants no page, in a line.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, title, message string) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Error(w, title+". "+message, status)
		return
	}
	s.write(w, r, status, "fail.html", failPage{page: s.page(r, nil, title), Message: message})
}

// writeJSON answers with what has changed since, or with 304 where nothing has.
func (s *Server) writeJSON(w http.ResponseWriter, r *http.Request, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		s.log.Error(err, "An answer of the dashboard cannot be made")
		http.Error(w, "This answer cannot be made.", http.StatusInternalServerError)
		return
	}
	digest := sha256.Sum256(text)
	tag := "\"" + hex.EncodeToString(digest[:12]) + "\""
	w.Header().Set("ETag", tag)
	if strings.TrimPrefix(r.Header.Get("If-None-Match"), "W/") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	compress(w, r, http.StatusOK, func(out writer) error { _, err := out.Write(text); return err })
}

// part is a piece of a page.
func part(name string, data any) (template.HTML, error) {
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil //nolint:gosec // it is what html/template has escaped
}
