// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package offender is a misbehaving agent: many clients of one service account
// that list all pods in a closed loop, without limit and without
// resourceVersion, as in the outage of 2024-12-11. It heeds Retry-After, as client-go
// does, unless it is told to be impatient.
//
// It spends as little as it can on reading: answers are thrown away undecoded,
// so that the machine's time goes to the servers under test.
package offender

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load"
)

// The defaults of Options.
const (
	DefaultClients = 64
	DefaultPath    = "/api/v1/pods"
	DefaultPause   = 100 * time.Millisecond
	DefaultTimeout = 65 * time.Second
)

// Options describe the agent.
type Options struct {
	// Config is the service account's way to the apiserver.
	Config *rest.Config
	// Clients is how many list at once, each on its own TCP connection.
	Clients int
	// Path is what they list.
	Path string
	// Pause is the wait after a refusal or an error; longer where the server asks
	// for it with Retry-After, unless Impatient is set.
	Pause     time.Duration
	Impatient bool
	// Timeout bounds one list; the apiserver's own bound is 60 s.
	Timeout time.Duration
	// Gzip asks for compressed answers, as client-go does: they cost the server
	// more time and the wire less. They are not decompressed.
	Gzip bool
}

// Offender is a running or finished agent.
type Offender struct {
	options Options
	conns   []*load.Conn
	tally   tally
}

// New prepares the agent; nothing is sent before Run.
func New(o Options) (*Offender, error) {
	if o.Config == nil {
		return nil, errors.New("preparing the offender: no configuration")
	}
	o.Clients = orDefault(o.Clients, DefaultClients)
	o.Path = orDefault(o.Path, DefaultPath)
	o.Pause = orDefault(o.Pause, DefaultPause)
	o.Timeout = orDefault(o.Timeout, DefaultTimeout)
	f := &Offender{options: o}
	for range o.Clients {
		conn, err := load.NewConn(o.Config)
		if err != nil {
			return nil, fmt.Errorf("preparing the offender: %w", err)
		}
		f.conns = append(f.conns, conn)
	}
	return f, nil
}

// Run lists until ctx ends, and returns once every client has stopped.
func (f *Offender) Run(ctx context.Context) {
	var clients sync.WaitGroup
	for i, conn := range f.conns {
		clients.Go(func() {
			defer conn.Close()
			f.loop(ctx, i, conn)
		})
	}
	clients.Wait()
}

func (f *Offender) loop(ctx context.Context, client int, conn *load.Conn) {
	buffer := make([]byte, 256<<10)
	for ctx.Err() == nil {
		f.tally.begin(client, time.Now())
		got, err := f.list(ctx, conn, buffer)
		if ctx.Err() != nil {
			return
		}
		f.tally.end(client, event{at: time.Now(), status: got.status, bytes: got.bytes, failed: err != nil})
		if err == nil && got.status == http.StatusOK {
			continue
		}
		if f.options.Impatient {
			got.retryAfter = 0
		}
		pause(ctx, max(f.options.Pause, got.retryAfter))
	}
}

// answer is what a list was answered; bytes are those of the body.
type answer struct {
	status     int
	bytes      int64
	retryAfter time.Duration
}

// list asks once and reads the answer to its end.
func (f *Offender) list(ctx context.Context, conn *load.Conn, buffer []byte) (got answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, conn.Base+f.options.Path, http.NoBody)
	if err != nil {
		return got, fmt.Errorf("preparing a list of %s: %w", f.options.Path, err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "telemetry-agent")
	if f.options.Gzip {
		request.Header.Set("Accept-Encoding", "gzip")
	}
	response, err := conn.Do(request)
	if err != nil {
		return got, err
	}
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // an apiserver sends whole seconds
	got = answer{status: response.StatusCode, retryAfter: time.Duration(seconds) * time.Second}
	got.bytes, err = drain(response.Body, buffer)
	if e := response.Body.Close(); err == nil {
		err = e
	}
	return got, err
}

// drain reads to the end into one reused buffer. (io.Copy to io.Discard would
// bring its own, of 8 KiB.)
func drain(body io.Reader, buffer []byte) (int64, error) {
	var total int64
	for {
		n, err := body.Read(buffer)
		total += int64(n)
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func orDefault[T comparable](value, standard T) T {
	var zero T
	if value == zero {
		return standard
	}
	return value
}
