// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// ErrNoAddress says that there is nowhere to send a request.
var ErrNoAddress = errors.New("no replica is ready")

// Hedge returns a RoundTripper that sends a request to the first of the addresses
// and, whenever a pause goes by without an answer or an answer is no good, to the
// next as well. The first good answer is the answer, and the other requests are
// broken off. In a storm each replica takes its time by chance, from a tenth of a
// second to several, and the quickest of three is worth far more than the likeliest.
//
// Only requests are hedged that may be carried out twice: GET, DELETE and
// server-side apply. Others go to the first address alone. The addresses are hosts
// with ports, the best first; the request's own host is not used.
func Hedge(next http.RoundTripper, addresses func() []string, pause time.Duration) http.RoundTripper {
	return &hedge{next: next, addresses: addresses, pause: pause}
}

type hedge struct {
	next      http.RoundTripper
	addresses func() []string
	pause     time.Duration
}

// RoundTrip implements http.RoundTripper.
func (h *hedge) RoundTrip(r *http.Request) (*http.Response, error) {
	addresses := h.addresses()
	if len(addresses) == 0 {
		return nil, fmt.Errorf("%w to answer %s %s", ErrNoAddress, r.Method, r.URL.Path)
	}
	if !repeatable(r) {
		addresses = addresses[:1]
	}
	c := &race{next: h.next, request: r, left: addresses, came: make(chan *attempt, len(addresses))}
	won := c.run(h.pause)
	c.end(won)
	if won.err != nil {
		won.cancel()
		return nil, won.err
	}
	won.response.Body = &lastBody{won.response.Body, won.cancel}
	return won.response, nil
}

// repeatable is true for a request that may be carried out twice, and whose body can
// be sent twice.
func repeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodDelete:
	case http.MethodPatch:
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/apply-patch+") {
			return false
		}
	default:
		return false
	}
	return r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
}

// race is one request on its way to several addresses.
type race struct {
	next    http.RoundTripper
	request *http.Request
	left    []string
	// running are the attempts that have been made, and open how many of them have
	// not come to their end.
	running []*attempt
	open    int
	came    chan *attempt
}

// attempt is what came of one address.
type attempt struct {
	response *http.Response
	err      error
	cancel   context.CancelFunc
}

// run sends to one address after another until there is a good answer, or there are
// no more and the last has answered.
func (c *race) run(pause time.Duration) *attempt {
	next := time.NewTicker(pause)
	defer next.Stop()
	c.send()
	for {
		select {
		case <-next.C:
			c.send()
		case a := <-c.came:
			c.open--
			if a.good() || c.open == 0 && len(c.left) == 0 {
				return a
			}
			a.drop()
			c.send()
		}
	}
}

// send sends the request to the next address, if there is one.
func (c *race) send() {
	if len(c.left) == 0 {
		return
	}
	address := c.left[0]
	c.left = c.left[1:]
	ctx, cancel := context.WithCancel(c.request.Context())
	a := &attempt{cancel: cancel}
	c.running = append(c.running, a)
	c.open++
	go func() {
		var again *http.Request
		if again, a.err = copied(ctx, c.request, address); a.err == nil {
			a.response, a.err = c.next.RoundTrip(again) //nolint:bodyclose // whoever takes the answer closes it, drop the others
		}
		c.came <- a
	}()
}

// end breaks off what is still on its way.
func (c *race) end(won *attempt) {
	for _, a := range c.running {
		if a != won {
			a.cancel()
		}
	}
	go func() {
		for range c.open {
			(<-c.came).drop()
		}
	}()
}

// good is false for answers that another replica may better.
func (a *attempt) good() bool {
	return a.err == nil && a.response.StatusCode < http.StatusInternalServerError && a.response.StatusCode != http.StatusTooManyRequests
}

func (a *attempt) drop() {
	a.cancel()
	if a.response != nil {
		_ = a.response.Body.Close()
	}
}

// copied is the request to another address, with its body from the beginning.
func copied(ctx context.Context, r *http.Request, address string) (*http.Request, error) {
	again := r.Clone(ctx)
	again.URL.Host, again.Host = address, ""
	if r.GetBody == nil {
		return again, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, fmt.Errorf("sending %s %s again: %w", r.Method, r.URL.Path, err)
	}
	again.Body = body
	return again, nil
}

// lastBody ends its request's context when it is closed.
type lastBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close implements io.Closer.
func (b *lastBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
