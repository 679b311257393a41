// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	// every is the time between two of the same series, as the usual scrape has it.
	every = 15 * time.Second
	// sendWithin bounds one request, and mostAnswer what is read of its answer.
	sendWithin, mostAnswer = 30 * time.Second, 64 << 10
	// againFirst and againLast are how long is waited after a request that failed.
	againFirst, againLast = time.Second, 30 * time.Second
	// endWithin bounds the sending of what is left when the process ends.
	endWithin = 5 * time.Second
	// toldEvery is how often is told that samples were lost.
	toldEvery = time.Minute
)

// Writer sends what the operator tells by remote write. It is a Runnable of the manager, on
// every operator replica: each tells its own series.
type Writer struct {
	api    *remote.API
	from   prometheus.Gatherer
	labels map[string]string
	now    func() time.Time
	log    logr.Logger
	queue  *queue
	// last is what was told last.
	last gathering

	every, first time.Duration
}

// NewWriter is a writer to a URL, as in https://store:9090/api/v1/write. labels tell this
// process from others; with tokenFile the token in it is shown.
func NewWriter(address, tokenFile string, config *tls.Config, from prometheus.Gatherer, labels map[string]string, now func() time.Time, log logr.Logger) (*Writer, error) {
	if _, err := parse(address); err != nil {
		return nil, err
	}
	c := newClient(config, sendWithin)
	// A redirect, as to a page to sign in at, is a refusal: what is there has taken nothing.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Transport = &shown{next: c.Transport, tokenFile: tokenFile}
	api, err := remote.NewAPI(address, remote.WithAPIHTTPClient(c), remote.WithAPIPath(""), remote.WithAPIBackoff(remote.BackoffConfig{Min: againFirst, Max: againLast, MaxRetries: 1}))
	if err != nil {
		return nil, fmt.Errorf("setting up the remote write: %w", err)
	}
	return &Writer{api: api, from: from, labels: labels, now: now, log: log.WithName("remote-write"), queue: newQueue(), every: every, first: againFirst}, nil
}

// shown shows the token of a file, and bounds what is read of an answer.
type shown struct {
	next      http.RoundTripper
	tokenFile string
}

// RoundTrip sends a request.
func (s *shown) RoundTrip(r *http.Request) (*http.Response, error) {
	secret, err := token(s.tokenFile)
	if err != nil {
		return nil, err
	}
	if secret != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	response, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, fmt.Errorf("sending to the store: %w", err)
	}
	// The client library would sleep as long as a store asks for: how long is waited is ours.
	response.Header.Del("Retry-After")
	response.Body = bounded{io.LimitReader(response.Body, mostAnswer), response.Body}
	return response, nil
}

type bounded struct {
	io.Reader
	io.Closer
}

// NeedLeaderElection tells the manager that every operator replica sends.
func (*Writer) NeedLeaderElection() bool { return false }

// Start gathers and sends until the context ends, and then that what it told ends. A store that
// does not answer holds nothing up: what waits for it is bounded.
func (w *Writer) Start(ctx context.Context) error {
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var sender sync.WaitGroup
	sender.Go(func() { w.send(sending) })
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	told := w.now().Add(-toldEvery)
	for {
		w.gather()
		if now := w.now(); now.Sub(told) >= toldEvery {
			if n := w.queue.losses(); n > 0 {
				w.log.Info("The store of metrics does not take all samples", "dropped", n)
				told = now
			}
		}
		select {
		case <-ctx.Done():
			w.end()
			late := time.AfterFunc(endWithin, stop)
			defer late.Stop()
			sender.Wait()
			return nil
		case <-tick.C:
		}
	}
}

// end queues that all that was told ends, and nothing after it.
func (w *Writer) end() {
	e := encoder{own: w.labels, full: w.queue.add}
	w.ending(&e)
	e.flush()
	w.queue.close()
}

// ending ends the series that were told last and are not now.
func (w *Writer) ending(e *encoder) {
	at := model.TimeFromUnixNano(w.now().UnixNano())
	if err := w.last.ended(e.told, func(labels []byte) { e.end(labels, at) }); err != nil {
		w.log.Error(err, "Series that are not told any more are not ended")
	}
}

// gather queues what is told now.
func (w *Writer) gather() {
	families, err := w.from.Gather()
	if err != nil {
		w.log.Error(err, "A part of the metrics is not sent") // Gather gives what it has
	}
	options := &expfmt.DecodeOptions{Timestamp: model.TimeFromUnixNano(w.now().UnixNano())}
	e := encoder{own: w.labels, full: w.queue.add}
	for i, family := range families { // one by one: of a thousand control planes all at once are large
		samples, err := expfmt.ExtractSamples(options, family)
		if err != nil {
			w.log.Error(err, "A part of the metrics is not sent")
		}
		families[i] = nil
		e.add(samples)
	}
	w.ending(&e)
	e.flush()
	w.last = e.told
}

// send sends what waits, the oldest first, and one again until the store has it, refuses it
// for good, or something newer needs its place.
func (w *Writer) send(ctx context.Context) {
	again := w.first
	for ctx.Err() == nil {
		b := w.queue.first()
		if b == nil {
			select {
			case <-ctx.Done():
				return
			case _, open := <-w.queue.more:
				if !open && w.queue.first() == nil {
					return
				}
			}
			continue
		}
		_, err := w.api.Write(ctx, remote.WriteV1MessageType, b)
		var retry interface{ RetryAfter() time.Duration }
		switch {
		case err == nil:
			w.queue.done(b, false)
			again = w.first
			continue
		case !errors.As(err, &retry):
			w.queue.done(b, true) // the store has said that it is wrong: it would say so again
			w.log.V(1).Info("The store of metrics refuses samples", "reason", err.Error())
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(again):
		}
		again = min(2*again, againLast)
	}
}
