// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"net/url"
	"strings"
	"syscall"
	"time"

	"evenkeel.dev/evenkeel/recommender/sla"
)

// traced has a door follow how far a request comes.
func traced(ctx context.Context, d *Door) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(c httptrace.GotConnInfo) {
			d.phase.Store(sla.Wait)
			d.reused.Store(c.Reused)
		},
		GotFirstResponseByte: func() { d.phase.Store(sla.Body) },
	})
}

// silent tells whether a dial met with silence: nothing came back in time, or there is no
// way. A host that refuses the connection is there.
func silent(err error) bool {
	var timeout net.Error
	switch {
	case err == nil:
		return false
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return false
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return true
	default:
		return errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded)
	}
}

// unasked tells whether a request never left: the name could not be looked up here, which is not
// that there is no such name, or this machine had no socket for it.
func unasked(err error) bool {
	if lookup, is := errors.AsType[*net.DNSError](err); is {
		return !lookup.IsNotFound
	}
	for _, local := range []error{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, local) {
			return true
		}
	}
	return false
}

// bare is an error without the addresses and ports of a connection, which are others with
// every try: the same fault is to be told in the same words.
func bare(err error) error {
	if wrapper, ok := errors.AsType[*url.Error](err); ok {
		err = wrapper.Err
	}
	if wrapper, ok := errors.AsType[*net.OpError](err); ok && wrapper.Err != nil {
		return fmt.Errorf("%s: %w", wrapper.Op, wrapper.Err)
	}
	return err
}

// byWebhook tells whether a refusal is an admission webhook's, or of one that could not be
// called (k8s.io/apiserver pkg/admission/plugin/webhook).
func byWebhook(said string) bool {
	return strings.Contains(said, "admission webhook ") || strings.Contains(said, "failed calling webhook ")
}

// seeExpired takes from a handshake that failed for it when the certificate ended.
func (d *Door) seeExpired(err error) {
	if invalid, is := errors.AsType[x509.CertificateInvalidError](err); is && invalid.Reason == x509.Expired && invalid.Cert != nil {
		d.serving.Store(&invalid.Cert.NotAfter)
	}
}

// expires is when the certificate ends that it is served with; zero while that is not known.
func (d *Door) expires() time.Time {
	if end := d.serving.Load(); end != nil {
		return *end
	}
	return time.Time{}
}
