// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package store is the way to a store of metrics that the team runs already: what is longer
// ago than the operator remembers is asked for by PromQL (store.go), and what the operator
// tells is sent by remote write (write.go). Any store that speaks the HTTP API of Prometheus
// will do.
//
// A store is an addition. It is bounded in time and size, it is not followed to other hosts,
// and nothing waits for it.
package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"evenkeel.dev/evenkeel/monitoring/series"
	"evenkeel.dev/evenkeel/operator/history"
)

const (
	// within bounds all questions of one page, mostBytes one answer.
	within    = 5 * time.Second
	mostBytes = 8 << 20
	mostToken = 64 << 10
	// mostPoints is how many steps of time are asked for.
	mostPoints = 2000
)

// Reader asks a store.
type Reader struct {
	base      *url.URL
	tokenFile string
	labels    Labels
	client    *http.Client
}

// New is a reader of a store at a URL, below which is api/v1, that asks for series with some
// labels alone. With tokenFile it shows the token that is in it, read anew for every question.
// config nil verifies by the roots of the system.
func New(address, tokenFile string, labels Labels, config *tls.Config) (*Reader, error) {
	base, err := parse(address)
	if err != nil {
		return nil, err
	}
	return &Reader{base: base, tokenFile: tokenFile, labels: labels, client: newClient(config, within)}, nil
}

func parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("the store's URL: %w", err)
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("the store's URL %s: want http or https, a host, and no password; a token goes into a file", u.Redacted())
	}
	return u, nil
}

// newClient verifies whom it talks to, and follows nobody to another host: a token is the
// store's alone.
func newClient(config *tls.Config, timeout time.Duration) *http.Client {
	t := &http.Transport{
		TLSClientConfig: config, Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
		ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
	}
	return &http.Client{Transport: t, Timeout: timeout, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if first := via[0].URL; len(via) > 3 || r.URL.Host != first.Host || r.URL.Scheme != first.Scheme {
			return errors.New("the store sends elsewhere, which is not followed")
		}
		return nil
	}}
}

// token is what is in a file; empty without one.
func token(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	f, err := os.Open(file) //nolint:gosec // the person who runs the operator names the file
	if err != nil {
		return "", fmt.Errorf("reading the store's token: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(f, mostToken))
	if err != nil {
		return "", fmt.Errorf("reading the store's token: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Series are the points of a control plane from a time up to and without another, a step
// apart. It errs where any of them could not be had.
func (r *Reader) Series(ctx context.Context, key types.NamespacedName, since, until time.Time, step time.Duration) ([]history.Point, error) {
	selector, err := r.selector(key)
	if err != nil {
		return nil, err
	}
	step = max(step, time.Second, until.Sub(since)/mostPoints).Round(time.Second)
	since = since.Truncate(step).Add(step)
	n := int(until.Sub(since)/step) + 1
	if n < 1 {
		return nil, nil
	}
	points := make([]history.Point, n)
	for i := range points {
		points[i] = history.Point{At: since.Add(time.Duration(i) * step).UTC(), Sample: history.None()}
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	asked := questions(selector, step)
	answers := make([]matrix, len(asked))
	all, ctx := errgroup.WithContext(ctx)
	for i, q := range asked {
		all.Go(func() (err error) {
			answers[i], err = r.ask(ctx, q.query, points[0].At, points[n-1].At, step)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	for i, q := range asked {
		q.fill(points, answers[i], step)
	}
	if last := points[n-1].At; !last.Before(until) {
		points = points[:n-1]
	}
	return points, nil
}

// selector are the labels of a control plane in this store. Names are checked before they are
// quoted.
func (r *Reader) selector(key types.NamespacedName) (string, error) {
	if len(validation.IsDNS1123Label(key.Namespace)) > 0 || len(validation.IsDNS1123Subdomain(key.Name)) > 0 {
		return "", fmt.Errorf("asking the store: %q is no name of a profile", key)
	}
	return fmt.Sprintf("%s=%s,%s=%s", series.Of[0], strconv.Quote(key.Namespace), series.Of[1], strconv.Quote(key.Name)) + r.labels.matchers(), nil
}

func (r *Reader) ask(ctx context.Context, query string, since, until time.Time, step time.Duration) (matrix, error) {
	form := url.Values{
		"query": {query}, "start": {strconv.FormatInt(since.Unix(), 10)}, "end": {strconv.FormatInt(until.Unix(), 10)},
		"step": {strconv.Itoa(int(step.Seconds()))}, "timeout": {"4s"},
	}
	address := r.base.JoinPath("api/v1/query_range")
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("asking the store: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	secret, err := token(r.tokenFile)
	if err != nil {
		return nil, err
	}
	if secret != "" {
		request.Header.Set("Authorization", "Bearer "+secret)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the store: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("asking the store: %w", err)
	case len(body) > mostBytes:
		return nil, fmt.Errorf("asking the store: its answer is larger than %d MiB", mostBytes>>20)
	}
	m, err := decode(body)
	if err != nil && response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("asking the store: it answers %s", response.Status)
	}
	return m, err
}
