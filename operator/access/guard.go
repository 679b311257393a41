// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// MaxAnswer bounds the body of any answer to a client made of an Access, in
// bytes. Five hundred flow schemas with their sentences are below a tenth of it.
const MaxAnswer = 16 << 20

// What a guarded client refuses.
var (
	// ErrRedirect is an answer that sends Evenkeel elsewhere: following it would
	// let a tenant aim the operator's requests at the host cluster's network.
	ErrRedirect = errors.New("the server redirects")
	// ErrAnswerTooLong is a body over MaxAnswer.
	ErrAnswerTooLong = fmt.Errorf("the answer has more than %d bytes", MaxAnswer)
)

// guard lets through what a tenant may answer.
type guard struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch response.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		_ = response.Body.Close()
		return nil, fmt.Errorf("%w (%s) to %.200q", ErrRedirect, response.Status, response.Header.Get("Location"))
	case http.StatusSwitchingProtocols:
		return response, nil
	}
	response.Body = &bounded{ReadCloser: response.Body, left: MaxAnswer}
	return response, nil
}

// WrappedRoundTripper lets client-go find the transport to close.
func (g guard) WrappedRoundTripper() http.RoundTripper { return g.next }

// bounded is a body that fails where it gets too long.
type bounded struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrAnswerTooLong
	}
	return n, err
}
