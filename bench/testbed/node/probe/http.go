// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// mostBody is how much of an answer is read, for the message.
const mostBody = 1 << 10

// errElsewhere ends a redirect to another host, which counts as an answer.
var errElsewhere = errors.New("redirected to another host")

// newHTTP asks by GET; any status from 200 to 399 is healthy. Certificates are
// not verified and connections not kept, as in a kubelet: the question is whether
// the container answers, and every answer is to be a fresh one.
func newHTTP(a *corev1.HTTPGetAction, t Target) (Check, error) {
	port, err := t.port(a.Port)
	if err != nil {
		return nil, err
	}
	path, err := url.Parse(a.Path)
	if err != nil {
		return nil, fmt.Errorf("the probe's path: %w", err)
	}
	target := &url.URL{
		Scheme: strings.ToLower(string(a.Scheme)), Host: net.JoinHostPort(t.host(a.Host), strconv.Itoa(port)),
		Path: path.Path, RawQuery: path.RawQuery,
	}
	if target.Scheme == "" {
		target.Scheme = "http"
	}
	client := &http.Client{
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // as a kubelet's probes
			DisableKeepAlives: true,
		},
		CheckRedirect: sameHost(target.Hostname()),
	}
	return func(ctx context.Context) Answer { return get(ctx, client, target.String(), a.HTTPHeaders) }, nil
}

func sameHost(host string) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, before []*http.Request) error {
		if next.URL.Hostname() != host {
			return errElsewhere
		}
		if len(before) >= 10 {
			return errors.New("redirected more than 10 times")
		}
		return nil
	}
}

func get(ctx context.Context, client *http.Client, target string, headers []corev1.HTTPHeader) Answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return Answer{Message: err.Error()}
	}
	request.Header.Set("User-Agent", "kube-probe/1.36")
	request.Header.Set("Accept", "*/*")
	for _, h := range headers {
		if strings.EqualFold(h.Name, "Host") {
			request.Host = h.Value
			continue
		}
		request.Header.Add(h.Name, h.Value)
	}
	response, err := client.Do(request)
	if errors.Is(err, errElsewhere) {
		return Answer{Healthy: true}
	}
	if err != nil {
		return Answer{Message: err.Error()}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBody))
	if err != nil {
		return Answer{Message: err.Error()}
	}
	if response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusBadRequest {
		return Answer{Message: fmt.Sprintf("HTTP probe failed with statuscode: %d: %s", response.StatusCode, strings.TrimSpace(string(body)))}
	}
	return Answer{Healthy: true}
}
