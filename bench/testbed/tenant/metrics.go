// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// etcdMetricsPort is where the members serve their metrics.
	etcdMetricsPort = "2381"
	pageWithin      = 20 * time.Second
	// maxPage bounds a page, in bytes.
	maxPage = 32 << 20
)

// MemberPage is the page of metrics of an etcd member, as text.
func (*Tenant) MemberPage(ctx context.Context, m Replica) ([]byte, error) {
	host, _, err := net.SplitHostPort(m.Address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, pageWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, etcdMetricsPort)+"/metrics", http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	page, err := io.ReadAll(io.LimitReader(answer.Body, maxPage))
	if e := answer.Body.Close(); err == nil {
		err = e
	}
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %s", answer.Status)
	}
	return page, err
}
