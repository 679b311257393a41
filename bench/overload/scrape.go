// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
)

const (
	scrapeWithin = 20 * time.Second
	maxPage      = 32 << 20
	// etcdMetricsPort is where the tenant's members serve their metrics.
	etcdMetricsPort = "2381"
)

// refused is how many requests the tenant's apiservers have refused so far by flow
// control, all replicas together.
func (r *run) refused(ctx context.Context) (float64, error) {
	replicas, err := r.stage.Tenant.Replicas(ctx)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, replica := range replicas {
		ctx, cancel := context.WithTimeout(ctx, scrapeWithin)
		defer cancel()
		c, err := kubernetes.NewForConfig(r.stage.Tenant.ReplicaConfig(replica))
		if err != nil {
			return 0, fmt.Errorf("counting what %s refused: %w", replica.Name, err)
		}
		page, err := c.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
		if err != nil {
			return 0, fmt.Errorf("counting what %s refused: %w", replica.Name, err)
		}
		sum += total(page, "apiserver_flowcontrol_rejected_requests_total")
	}
	return sum, nil
}

// syncs are the write-ahead log's syncs of all members so far, and the seconds that
// they took.
type syncs struct{ count, seconds float64 }

// mean is that of a sync since an earlier time, in milliseconds; 0 where there was none.
func (s syncs) mean(before syncs) float64 {
	if s.count <= before.count {
		return 0
	}
	return 1000 * (s.seconds - before.seconds) / (s.count - before.count)
}

func (r *run) syncs(ctx context.Context) (all syncs, err error) {
	members, err := r.stage.Tenant.Members(ctx)
	if err != nil {
		return all, err
	}
	for _, m := range members {
		host, _, err := net.SplitHostPort(m.Address)
		if err != nil {
			return all, fmt.Errorf("reading the address of %s: %w", m.Name, err)
		}
		page, err := get(ctx, "http://"+net.JoinHostPort(host, etcdMetricsPort)+"/metrics")
		if err != nil {
			return all, fmt.Errorf("reading the metrics of %s: %w", m.Name, err)
		}
		all.count += total(page, "etcd_disk_wal_fsync_duration_seconds_count")
		all.seconds += total(page, "etcd_disk_wal_fsync_duration_seconds_sum")
	}
	return all, nil
}

func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
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

// total is the sum of a family's series on a text page.
func total(page []byte, family string) float64 {
	sum := 0.0
	lines := bufio.NewScanner(bytes.NewReader(page))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), family)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		if v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64); err == nil {
			sum += v
		}
	}
	return sum
}
