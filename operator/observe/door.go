// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/operator/access"
)

// How the connection to a replica is kept.
const (
	dialTimeout = 2 * time.Second
	idleTimeout = 90 * time.Second
	// streamBuffer is how much a replica may send of a body before it is read.
	streamBuffer = 1 << 20
)

// door is the way to one replica or member.
type door struct {
	address string
	token   string
	client  *http.Client
	// words are what a fault says of whoever is behind it.
	words words
	// sent and received count requests and the bytes of bodies.
	sent, received atomic.Int64
}

func newDoor(a *access.Access, address string, o Options) (*door, error) {
	config := a.RESTConfig(address)
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, fmt.Errorf("preparing TLS for %s: %w", address, err)
	}
	tlsConfig.MinVersion = max(tlsConfig.MinVersion, tls.VersionTLS12)
	dialer := &net.Dialer{Timeout: dialTimeout}
	transport := &http.Transport{
		// Proxy stays nil: replicas are reached at their own addresses.
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    dialTimeout,
		ForceAttemptHTTP2:      true,
		MaxConnsPerHost:        1, // over HTTP/2 all requests share it
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
		HTTP2: &http.HTTP2Config{
			SendPingTimeout:           o.Ping,
			PingTimeout:               o.Ping,
			MaxReceiveBufferPerStream: streamBuffer,
		},
	}
	return &door{
		address: address,
		token:   config.BearerToken,
		words:   replicaWords,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// statusError is an answer other than 200.
type statusError struct{ code int }

func (e statusError) Error() string {
	return fmt.Sprintf("answered %d %s", e.code, http.StatusText(e.code))
}

// get asks for a path and hands the answer, if it is 200, to read. All of it has
// to be done within the timeout.
func (d *door) get(ctx context.Context, path, accept string, timeout time.Duration, read func(*http.Response) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+d.address+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("User-Agent", "evenkeel")
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	d.sent.Add(1)
	response, err := d.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return statusError{response.StatusCode}
	}
	response.Body = &meter{response.Body, &d.received}
	return read(response)
}

func (d *door) close() { d.client.CloseIdleConnections() }

// meter counts the bytes of a body.
type meter struct {
	io.ReadCloser
	received *atomic.Int64
}

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	m.received.Add(int64(n))
	return n, err
}
