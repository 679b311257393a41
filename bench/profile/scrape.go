// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/testbed/tenant"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	scrapeWithin = 20 * time.Second
)

// seen is what the metrics pages of a tenant say at a time.
type seen struct {
	at time.Time
	// stored is what the replica says that knows most; its Bytes are those of etcd's
	// database in use, or of all objects where no member tells, as the operator has it.
	// Its Requests are those so far, of all replicas, without watches.
	stored sizing.Drivers
	// estimate is the size of all objects as the apiservers estimate it; file is the
	// largest database file of a member. In bytes.
	estimate, file float64
}

// look reads the pages of all replicas and members.
func look(ctx context.Context, t *tenant.Tenant, replicas, members []tenant.Replica) (s seen, err error) {
	s.at = time.Now()
	for _, r := range replicas {
		page, err := apiserverPage(ctx, t, r)
		if err != nil {
			return s, fmt.Errorf("reading the metrics of %s: %w", r.Name, err)
		}
		s.apiserver(page)
	}
	inUse := 0.0
	for _, m := range members {
		page, err := t.MemberPage(ctx, m)
		if err != nil {
			return s, fmt.Errorf("reading the metrics of %s: %w", m.Name, err)
		}
		each(page, "etcd_mvcc_db_total_size_in_use_in_bytes", func(_ string, v float64) { inUse = max(inUse, v) })
		each(page, "etcd_mvcc_db_total_size_in_bytes", func(_ string, v float64) { s.file = max(s.file, v) })
	}
	if s.stored.Bytes = inUse; inUse == 0 {
		s.stored.Bytes = s.estimate
	}
	return s, nil
}

// apiserver takes in the page of one replica.
func (s *seen) apiserver(page []byte) {
	var d sizing.Drivers
	each(page, "apiserver_resource_objects", func(labels string, v float64) {
		switch {
		case v < 0: // it could not be counted
		case strings.Contains(labels, `group=""`) && strings.Contains(labels, `resource="nodes"`):
			d.Nodes += v
		case strings.Contains(labels, `group=""`) && strings.Contains(labels, `resource="pods"`):
			d.Pods += v
		default:
			d.Objects += v
		}
	})
	estimate := 0.0
	each(page, "apiserver_resource_size_estimate_bytes", func(_ string, v float64) { estimate += max(v, 0) })
	each(page, "apiserver_request_total", func(labels string, v float64) {
		if !strings.Contains(labels, `verb="WATCH"`) && !strings.Contains(labels, `verb="CONNECT"`) {
			s.stored.Requests += v
		}
	})
	s.stored.Nodes, s.stored.Pods = max(s.stored.Nodes, d.Nodes), max(s.stored.Pods, d.Pods)
	s.stored.Objects, s.estimate = max(s.stored.Objects, d.Objects), max(s.estimate, estimate)
}

// since is the load between two looks: what is stored by the later one, and the requests
// a second.
func (s seen) since(before seen) sizing.Drivers {
	d := s.stored
	d.Requests = max(0, s.stored.Requests-before.stored.Requests) / max(s.at.Sub(before.at).Seconds(), 1e-3)
	return d
}

func apiserverPage(ctx context.Context, t *tenant.Tenant, r tenant.Replica) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeWithin)
	defer cancel()
	c, err := kubernetes.NewForConfig(t.ReplicaConfig(r))
	if err != nil {
		return nil, err
	}
	return c.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
}

// each calls with the labels and the value of each series of a family on a text page.
func each(page []byte, family string, do func(labels string, value float64)) {
	lines := bufio.NewScanner(bytes.NewReader(page))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), family)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		at := strings.LastIndexByte(rest, ' ')
		if v, err := strconv.ParseFloat(rest[at+1:], 64); err == nil {
			do(rest[:at], v)
		}
	}
}
