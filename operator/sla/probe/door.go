// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/recommender/sla"
)

const (
	// dialWithin, and answerWithin from the request to the end of the answer, are how long
	// a client would wait that has to be served; lateAfter is the objective of requests for
	// single objects (kubernetes/community sig-scalability/slos/api_call_latency.md).
	dialWithin, answerWithin, lateAfter = 2 * time.Second, 5 * time.Second, time.Second
	// keptFor is how long a connection to a replica is kept.
	keptFor = time.Minute
	// mostBody is how much of an answer is read, in bytes: all that is asked for is small.
	mostBody = 64 << 10
	// leasePath is the object of Evenkeel's own that is read and written.
	leasePath = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/" + leaseName
	leaseName = "evenkeel-probe"
)

// Door is a way to a control plane: to one replica of it or, where Replica is empty, to its
// balancer. It is safe for concurrent use.
type Door struct {
	Replica, Address string

	token  string
	tls    *tls.Config
	client *http.Client
	// made is when its connections began, and reused whether the request that is on its way
	// goes over one that was there before.
	made   time.Time
	reused atomic.Bool
	// phase is how far the request that is on its way has come. Requests through one door
	// follow each other.
	phase atomic.Value
	// serving is when the certificate ends that was last served with.
	serving atomic.Pointer[time.Time]
}

// NewDoor makes a way to an address. The balancer is dialed anew for every round, as whoever
// comes new does it; to replicas a connection is kept.
func NewDoor(a *access.Access, replica, address string) (*Door, error) {
	config := a.RESTConfig(address)
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, fmt.Errorf("preparing TLS for probes of %s: %w", address, err)
	}
	tlsConfig.MinVersion = max(tlsConfig.MinVersion, tls.VersionTLS12)
	d := &Door{Replica: replica, Address: address, token: config.BearerToken, tls: tlsConfig}
	d.anew()
	return d, nil
}

// anew has the door dialed anew for the next request: nothing that went wrong before is
// waited for, and what whoever comes new would meet with is met.
func (d *Door) anew() {
	if d.client != nil {
		d.client.CloseIdleConnections()
	}
	d.made = time.Time{}
	d.client = &http.Client{
		Transport: &http.Transport{
			// Proxy stays nil: nothing is to stand between.
			DialContext:            d.dial,
			TLSClientConfig:        d.tls.Clone(),
			TLSHandshakeTimeout:    dialWithin,
			ForceAttemptHTTP2:      true,
			MaxConnsPerHost:        1,
			IdleConnTimeout:        keptFor,
			MaxResponseHeaderBytes: mostBody,
			DisableCompression:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	d.phase.Store(sla.Dial)
}

// dial dials the address, whatever the request names.
func (d *Door) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	d.phase.Store(sla.Dial)
	c, err := (&net.Dialer{Timeout: dialWithin}).DialContext(ctx, network, d.Address)
	if err == nil {
		d.phase.Store(sla.TLS)
	}
	return c, err
}

// Close ends the connections.
func (d *Door) Close() { d.client.CloseIdleConnections() }

// Ask asks one question and tells what came of it; at is the time of the write.
func (d *Door) Ask(ctx context.Context, q sla.Question, at time.Time) sla.Probe {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	p := sla.Probe{Replica: d.Replica, Question: q, At: at}
	began := time.Now()
	if d.made.IsZero() {
		d.made = began
	}
	code, said, err := d.send(ctx, q, at)
	p.Took = time.Since(began)
	p.Phase, _ = d.phase.Load().(sla.Phase)
	p.Code = code
	p.Unasked = unasked(err)
	// Over a connection that was there before a dead way looks like a server that says nothing.
	p.Silent = !p.Unasked && silent(err) && (p.Phase == sla.Dial || p.Phase == sla.Wait && d.reused.Load())
	d.seeExpired(err)
	p.Result, p.Why = d.judge(q, answer{code, said, err}, p)
	if p.Result != sla.Failed {
		p.Phase = sla.Done
	}
	return p
}

// answer is what came of a request: a status, of a refusal what was said, or an error.
type answer struct {
	code int
	said string
	err  error
}

// send sends the request and reads the answer to its end; said is what stands in one that
// is a refusal.
func (d *Door) send(ctx context.Context, q sla.Question, at time.Time) (code int, said string, err error) {
	request, err := d.request(ctx, q, at)
	if err != nil {
		return 0, "", err
	}
	response, err := d.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	d.phase.Store(sla.Body)
	if t := response.TLS; t != nil && len(t.PeerCertificates) > 0 {
		d.serving.Store(&t.PeerCertificates[0].NotAfter)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBody+1))
	switch {
	case err != nil:
		return 0, "", err
	case len(body) > mostBody:
		return 0, "", fmt.Errorf("the answer is over %d bytes", mostBody)
	case response.StatusCode >= http.StatusBadRequest:
		return response.StatusCode, string(body), nil
	default:
		return response.StatusCode, "", nil
	}
}

// request is the question as a request.
func (d *Door) request(ctx context.Context, q sla.Question, at time.Time) (*http.Request, error) {
	method, path, body := http.MethodGet, "/readyz", []byte(nil)
	switch q {
	case sla.Ready:
	case sla.Read:
		path = leasePath
	case sla.Write:
		method, path, body = http.MethodPatch, leasePath+"?fieldManager="+leaseName+"&force=true", lease(at)
	}
	request, err := http.NewRequestWithContext(traced(ctx, d), method, "https://"+d.Address+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "evenkeel-probe")
	if body != nil {
		request.Header.Set("Content-Type", "application/apply-patch+yaml")
	}
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	return request, nil
}

// lease is Evenkeel's own object, as it is applied.
func lease(at time.Time) []byte {
	return fmt.Appendf(nil, `{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":%q,"namespace":"kube-system"},"spec":{"holderIdentity":"evenkeel","renewTime":%q}}`,
		leaseName, at.UTC().Format("2006-01-02T15:04:05.000000Z"))
}

// judge says what an answer means.
func (d *Door) judge(q sla.Question, a answer, p sla.Probe) (sla.Result, string) {
	who := "the balancer"
	if d.Replica != "" {
		who = d.Replica
	}
	switch {
	case p.Unasked:
		return sla.Failed, fmt.Sprintf("%s: %s could not be asked from here: %.200v", who, q, bare(a.err))
	case errors.Is(a.err, context.DeadlineExceeded):
		return sla.Failed, fmt.Sprintf("%s: no answer to %s within %s (%s)", who, q, answerWithin, p.Phase)
	case a.err != nil:
		return sla.Failed, fmt.Sprintf("%s: %s failed (%s): %.200v", who, q, p.Phase, bare(a.err))
	}
	result, why := a.means(q)
	switch {
	case result == sla.Served && p.Took > lateAfter:
		return sla.Late, ""
	case why != "":
		why = who + ": " + why
	}
	return result, why
}

// means says what a status means, of a question.
func (a answer) means(q sla.Question) (sla.Result, string) {
	switch code := a.code; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return sla.Denied, fmt.Sprintf("%s is answered %d: grant it to Evenkeel", q, code)
	case q == sla.Write && byWebhook(a.said):
		// The tenant's own admission has refused it: others may well be served.
		return sla.Denied, fmt.Sprintf("an admission webhook of the tenant's refuses %s", q)
	case code == http.StatusTooManyRequests:
		return sla.Refused, ""
	case q == sla.Write && code >= 400 && code < 500 && code != http.StatusRequestTimeout:
		// As a ValidatingAdmissionPolicy does with 422: who decides that, decides.
		return sla.Denied, fmt.Sprintf("%s is refused with %d", q, code)
	case code >= 300 && code < 400:
		return sla.Failed, fmt.Sprintf("%s is answered with a redirect, %d", q, code)
	case code == http.StatusNotFound && q == sla.Read, code < 300: // none was ever written: it was looked up
		return sla.Served, ""
	default:
		return sla.Failed, fmt.Sprintf("%s is answered %d", q, code)
	}
}
