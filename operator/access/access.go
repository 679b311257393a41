// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package access reads a tenant's kubeconfig, which Evenkeel's profile refers to,
// and makes clients of it.
//
// The kubeconfig is the tenant's own input, and client-go would do a good deal on
// its behalf: run a command, read files of the operator's, go through a proxy,
// speak to a server without verifying it. Parse accepts none of this: it takes
// what is needed to verify a server and to prove who Evenkeel is, inline, and
// says of everything else what it is and what to put in its place. Certificates
// are checked at once, so that an expired one is a condition on the profile
// rather than a handshake that fails later.
package access

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"time"

	"k8s.io/client-go/rest"
)

// What API calls of the operator may cost the tenant. One profile writes a few
// objects in a storm: more at once would only be harm of our own making.
const (
	apiQPS     = 20
	apiBurst   = 40
	apiTimeout = 5 * time.Second
)

// Access is a way into one tenant: how to verify its servers and who Evenkeel is
// to them. It is not changed once made.
type Access struct {
	serverName string
	ca         []byte
	cert, key  []byte
	token      string
	user       string
	notAfter   time.Time
	// words are what messages call its parts.
	words words
}

// User is the user that the tenant will see: the common name of the client
// certificate, or the sub of a token that can be read; else "".
func (a *Access) User() string { return a.user }

// NotAfter is when the access ends: the end of the client certificate, of the
// token or of the last CA certificate, whichever is first. It is zero when the
// credentials tell no end.
func (a *Access) NotAfter() time.Time { return a.notAfter }

// ServerName is the name that every replica's certificate must carry.
func (a *Access) ServerName() string { return a.serverName }

// Fingerprint changes when anything about the access does. It can be logged: no
// secret can be had from it.
func (a *Access) Fingerprint() string {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(a.serverName), a.ca, a.cert, a.key, []byte(a.token)} {
		sum := sha256.Sum256(part)
		_, _ = h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// RESTConfig is a client configuration for one replica at address, a host with a
// port. The server is verified against the tenant's CA under ServerName whatever
// the address is. No proxy is used, no redirect followed, and no answer longer
// than MaxAnswer read.
func (a *Access) RESTConfig(address string) *rest.Config {
	return &rest.Config{
		Host: "https://" + address,
		TLSClientConfig: rest.TLSClientConfig{
			ServerName: a.serverName,
			CAData:     a.ca,
			CertData:   a.cert,
			KeyData:    a.key,
		},
		BearerToken:   a.token,
		UserAgent:     "evenkeel",
		QPS:           apiQPS,
		Burst:         apiBurst,
		Timeout:       apiTimeout,
		Proxy:         func(*http.Request) (*url.URL, error) { return nil, nil },
		WrapTransport: func(next http.RoundTripper) http.RoundTripper { return guard{next} },
	}
}
