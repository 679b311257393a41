// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"k8s.io/client-go/rest"
)

const (
	dialTimeout = 10 * time.Second
	// maxAnswer bounds what is read of a small request's answer, in bytes.
	maxAnswer = 1 << 20
)

// Conn is one client's way to an apiserver: a transport of its own, so that the
// client has its own TCP connection and a balancer sees every client. client-go
// shares one connection among all clients of the same configuration.
type Conn struct {
	// Base is the URL of the apiserver, without a slash at the end.
	Base      string
	client    http.Client
	transport *http.Transport
}

// NewConn makes a connection from a configuration; it dials with the first
// request. HTTP/2 is spoken where the server does, as client-go would.
func NewConn(c *rest.Config) (*Conn, error) {
	tlsConfig, err := rest.TLSConfigFor(c)
	if err != nil {
		return nil, fmt.Errorf("reading the TLS settings for %s: %w", c.Host, err)
	}
	base, _, err := rest.DefaultServerUrlFor(c)
	if err != nil {
		return nil, fmt.Errorf("reading the server's URL %q: %w", c.Host, err)
	}
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: dialTimeout,
		ForceAttemptHTTP2:   true,
		// A client asks for what it wants; the transport must not add gzip.
		DisableCompression: true,
		// As client-go: a peer that is gone without a word is noticed.
		HTTP2:          &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
		ReadBufferSize: 64 << 10,
	}
	wrapped, err := rest.HTTPWrappersForConfig(c, transport)
	if err != nil {
		return nil, fmt.Errorf("reading the credentials for %s: %w", c.Host, err)
	}
	return &Conn{Base: base.Scheme + "://" + base.Host, client: http.Client{Transport: wrapped}, transport: transport}, nil
}

// Do sends a request and returns the answer, whose body the caller closes.
func (c *Conn) Do(r *http.Request) (*http.Response, error) { return c.client.Do(r) }

// Close ends the idle connection.
func (c *Conn) Close() { c.transport.CloseIdleConnections() }

// Measure sends a small request and records it in the call: as dropped when
// parent has ended, else by the answer. ctx carries the request's deadline.
func (c *Conn) Measure(parent context.Context, r *http.Request, call *Call) {
	status, err := c.Exchange(r)
	Conclude(parent, call, status, err)
}

// Conclude ends a call by what came of it: the status of its answer, or the error of
// there being none. It is dropped when parent has ended.
func Conclude(parent context.Context, call *Call, status int, err error) {
	switch {
	case err == nil:
		call.End(time.Now(), judge(status), status)
	case parent.Err() != nil:
		call.Drop()
	case errors.Is(err, context.DeadlineExceeded):
		call.End(time.Now(), TimedOut, 0)
	default:
		call.End(time.Now(), Failed, 0)
	}
}

// Exchange sends a request and reads its answer to the end, up to a bound.
func (c *Conn) Exchange(r *http.Request) (status int, err error) {
	answer, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	if e := answer.Body.Close(); err == nil {
		err = e
	}
	return answer.StatusCode, err
}

func judge(status int) Outcome {
	switch {
	case status == http.StatusTooManyRequests:
		return Rejected
	case status >= 200 && status < 300:
		return OK
	case status == http.StatusGatewayTimeout:
		// The server gave up waiting before the client did.
		return TimedOut
	default:
		return Failed
	}
}
