// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/observe/dump"
	"evenkeel.dev/evenkeel/operator/observe/page"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// What is asked for, and what the tenant's RBAC has to grant for it.
const (
	pagePath  = "/metrics"
	dumpRule  = "/debug/api_priority_and_fairness/*"
	pulsePath = "/livez/ping"
	// levelsPath lists the priority levels that are live, queuesPath their queues.
	levelsPath = "/debug/api_priority_and_fairness/dump_priority_levels"
	queuesPath = "/debug/api_priority_and_fairness/dump_queues"
)

// errOversize is a dump over its bound.
var errOversize = errors.New("the answer is over the bound")

// faultOf says in words why a request for a path failed. rule is the path as RBAC
// names it.
func (d *door) faultOf(path, rule string, timeout time.Duration, err error) *plane.Fault {
	fault := func(reason, format string, args ...any) *plane.Fault {
		return &plane.Fault{Reason: reason, Message: fmt.Sprintf("GET %s at %s: ", path, d.address) + fmt.Sprintf(format, args...)}
	}
	if wrapper, ok := errors.AsType[*url.Error](err); ok {
		err = wrapper.Err // it repeats what is said already
	}
	if status, ok := errors.AsType[statusError](err); ok {
		reason, message := d.words.status(status.code, rule)
		return fault(reason, "answered %d: %s", status.code, message)
	}
	switch {
	case errors.Is(err, page.ErrOversize) || errors.Is(err, errOversize):
		return fault(v1alpha1.ReasonOversize, "%v: look at what the server answers there, nothing was read of it", err)
	case errors.Is(err, page.ErrGarbage) || errors.Is(err, dump.ErrGarbage) || errors.Is(err, errForm):
		return fault(v1alpha1.ReasonUndecodable, "%v", err)
	case untrusted(err):
		return fault(v1alpha1.ReasonReplicaUntrusted, "TLS failed: %.300v: %s", err, d.words.untrusted)
	case errors.Is(err, context.Canceled):
		return fault(v1alpha1.ReasonReplicaTimeout, "the look was broken off before the answer came")
	case timedOut(err):
		return fault(v1alpha1.ReasonReplicaTimeout, "no whole answer within %s: the %s is overloaded, stuck or cut off", timeout, d.words.who)
	default:
		return fault(v1alpha1.ReasonReplicaUnreachable, "%.300v: %s", err, d.words.unreachable)
	}
}

// words are what faults say of whoever is asked: who it is, what to check when it
// cannot be trusted or reached, and what an answer other than 200 means.
type words struct {
	who, untrusted, unreachable string
	status                      func(code int, rule string) (reason, message string)
}

var replicaWords = words{
	who: "replica", status: statusFault,
	untrusted:   "check the CA and tls-server-name in the access Secret against the replica's serving certificate",
	unreachable: "check that the replica runs and that a network policy lets Evenkeel reach it",
}

var memberWords = words{
	who: "member", status: memberStatusFault,
	untrusted:   "check ca.crt of the client Secret and etcd.clientTLS.serverName against the member's certificate, and tls.crt against the CA that the member trusts",
	unreachable: "check that the member runs, that it trusts whoever signed tls.crt, and that a network policy lets Evenkeel reach it",
}

func memberStatusFault(code int, _ string) (reason, message string) {
	if code == http.StatusUnauthorized || code == http.StatusForbidden {
		return v1alpha1.ReasonAccessDenied, "the member does not let Evenkeel read its metrics: check the client Secret"
	}
	return v1alpha1.ReasonUndecodable, "its metrics are not there: is etcd.port the client port of an etcd, with --listen-client-http-urls unset?"
}

func statusFault(code int, rule string) (reason, message string) {
	switch {
	case code == http.StatusUnauthorized:
		return v1alpha1.ReasonAccessDenied, "the tenant does not know Evenkeel's credentials: have the client CA of this tenant issue them, or request a new token, and replace the access Secret"
	case code == http.StatusForbidden:
		return v1alpha1.ReasonAccessDenied, fmt.Sprintf("the tenant's RBAC does not let Evenkeel read it: grant the rule {nonResourceURLs: [%q], verbs: [get]} as in manifests/tenant", rule)
	case code >= 300 && code < 400:
		return v1alpha1.ReasonReplicaRedirects, "the replica sends Evenkeel elsewhere, which it does not follow: is the address that of a kube-apiserver?"
	case code == http.StatusNotFound:
		return v1alpha1.ReasonUndecodable, "it is not there: is this a kube-apiserver, with priority and fairness enabled?"
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable || code == http.StatusGatewayTimeout:
		return v1alpha1.ReasonReplicaTimeout, "the replica is too busy to answer Evenkeel"
	default:
		return v1alpha1.ReasonReplicaUnreachable, "the replica fails: look at its log"
	}
}

// untrusted is true for errors of TLS, on either side.
func untrusted(err error) bool {
	if errors.Is(err, http.ErrSchemeMismatch) { // a server without TLS
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	_, ok := errors.AsType[x509.UnknownAuthorityError](err)
	return ok
}

func timedOut(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout()
}
