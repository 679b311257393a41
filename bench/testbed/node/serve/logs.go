// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

const (
	// followEvery is how often a followed log is looked at.
	followEvery = 200 * time.Millisecond
	// mostTail bounds how far back a tail is searched for.
	mostTail = 16 << 20
)

// Log is a container's log.
type Log struct {
	Path string
	// Ended closes when nothing more will come; nil when it has already.
	Ended <-chan struct{}
}

// ErrNoLog is returned for a container that is not known, or has no such log.
var ErrNoLog = errors.New("no such log")

// serveLog answers /containerLogs with tailLines, limitBytes, previous and follow.
func (s *Server) serveLog(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	log, err := s.o.Log(r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"), query.Get("previous") == "true")
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	file, err := os.Open(log.Path)
	if err != nil {
		http.Error(w, "the container has not logged yet", http.StatusNotFound)
		return
	}
	defer func() { _ = file.Close() }()
	if err := seek(file, query.Get("tailLines")); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var out io.Writer = w
	if limit := query.Get("limitBytes"); limit != "" {
		n, err := strconv.ParseInt(limit, 10, 64)
		if err != nil || n < 1 {
			http.Error(w, "limitBytes is not a positive number", http.StatusBadRequest)
			return
		}
		out = &limited{w: w, left: n}
	}
	w.Header().Set("Content-Type", "text/plain")
	// A client that has gone ends the copy; there is nobody to tell.
	if _, err := io.Copy(out, file); err == nil && query.Get("follow") == "true" {
		follow(r.Context(), out, http.NewResponseController(w), file, log.Ended)
	}
}

// follow copies what is appended until the container has ended or ctx ends.
func follow(ctx context.Context, out io.Writer, flush *http.ResponseController, file io.Reader, ended <-chan struct{}) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for last := ended == nil; ; {
		if _, err := io.Copy(out, file); err != nil || flush.Flush() != nil || last {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ended:
			last = true
		case <-tick.C:
		}
	}
}

// seek goes to where the last lines begin; no number means all.
func seek(file *os.File, tailLines string) error {
	if tailLines == "" {
		return nil
	}
	lines, err := strconv.Atoi(tailLines)
	if err != nil || lines < 0 {
		return errors.New("tailLines is not a number")
	}
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	from := max(0, info.Size()-mostTail)
	text := make([]byte, info.Size()-from)
	if _, err := file.ReadAt(text, from); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the log: %w", err)
	}
	_, err = file.Seek(from+int64(tailStart(text, lines)), io.SeekStart)
	return err
}

// tailStart is where the last lines of a text begin.
func tailStart(text []byte, lines int) int {
	if lines == 0 {
		return len(text)
	}
	end := len(text)
	if end > 0 && text[end-1] == '\n' {
		end--
	}
	for i := end - 1; i >= 0; i-- {
		if text[i] != '\n' {
			continue
		}
		if lines--; lines == 0 {
			return i + 1
		}
	}
	return 0
}

// limited writes so many bytes and then fails.
type limited struct {
	w    io.Writer
	left int64
}

func (l *limited) Write(p []byte) (int, error) {
	n, err := l.w.Write(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}
