// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package swarm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/bench/load"
)

const (
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 256 << 20
	// head is how much of an answer is kept to look into, in bytes.
	head = 4 << 10
	// maxRetryAfter bounds how long a server can send a client away for.
	maxRetryAfter = 30 * time.Second
)

// Request is one that a client sends.
type Request struct {
	Class *Class
	// Method, Path (with its query), Body and ContentType are HTTP's.
	Method, Path, Body, ContentType string
}

// answer is what became of a request.
type answer struct {
	status     int
	retryAfter time.Duration
	// head is the beginning of the body.
	head []byte
}

// buffers are what answers are read into: one for each request that is being read.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, 64<<10)
	return &b
}}

// ask sends a request and records it: as dropped when parent has ended, else by the
// answer. It was due at the given time, and has until the timeout after it.
func ask(parent context.Context, conn *load.Conn, r Request, due time.Time, timeout time.Duration) answer {
	ctx, cancel := context.WithDeadline(parent, due.Add(timeout))
	defer cancel()
	call := r.Class.Recorder.Begin(due)
	got, err := exchange(ctx, conn, r)
	switch {
	case err == nil:
		call.End(time.Now(), judge(r.Method, got.status), got.status)
	case parent.Err() != nil:
		call.Drop()
	case errors.Is(err, context.DeadlineExceeded):
		call.End(time.Now(), load.TimedOut, 0)
	default:
		call.End(time.Now(), load.Failed, 0)
	}
	return got
}

// judge tells how a request ended. What is gone already and what is there already was
// answered as well as it could be: users do not wait for each other.
func judge(method string, status int) load.Outcome {
	switch {
	case status >= 200 && status < 300,
		method == http.MethodDelete && status == http.StatusNotFound,
		method == http.MethodPost && status == http.StatusConflict:
		return load.OK
	case status == http.StatusTooManyRequests:
		return load.Rejected
	case status == http.StatusGatewayTimeout:
		return load.TimedOut
	default:
		return load.Failed
	}
}

// exchange sends a request and reads its answer to the end.
func exchange(ctx context.Context, conn *load.Conn, r Request) (got answer, err error) {
	response, err := send(ctx, conn, r)
	if err != nil {
		return got, err
	}
	after, _ := strconv.Atoi(response.Header.Get("Retry-After")) // an apiserver sends whole seconds
	got = answer{status: response.StatusCode, retryAfter: min(time.Duration(after)*time.Second, maxRetryAfter)}
	buffer, _ := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	body := io.LimitReader(response.Body, maxAnswer)
	for err == nil {
		var n int
		n, err = body.Read(*buffer)
		if room := head - len(got.head); room > 0 {
			got.head = append(got.head, (*buffer)[:min(n, room)]...)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if e := response.Body.Close(); err == nil {
		err = e
	}
	return got, err
}

func send(ctx context.Context, conn *load.Conn, r Request) (*http.Response, error) {
	var body io.Reader = http.NoBody
	if r.Body != "" {
		body = strings.NewReader(r.Body)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, conn.Base+r.Path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if r.ContentType != "" {
		request.Header.Set("Content-Type", r.ContentType)
	}
	request.Header.Set("User-Agent", "swarm")
	return conn.Do(request)
}
