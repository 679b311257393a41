// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/testbed/tenant"
)

// members and replicas are how many there are of etcd and of the apiserver.
const (
	members  = 3
	replicas = 3
)

// share is how much of their CPU limits the apiservers and the members use together while
// nothing is wrong, by their own account of a few seconds.
func (r *run) share(ctx context.Context) (map[string]float64, error) {
	if err := await.Pass(ctx, settle); err != nil {
		return nil, err
	}
	before, err := r.spent(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := await.Pass(ctx, settle); err != nil {
		return nil, err
	}
	after, err := r.spent(ctx)
	if err != nil {
		return nil, err
	}
	// The limits stay what they were: Evenkeel resizes the requests alone.
	limits := map[string]float64{
		"apiserver": replicas * bed.APIServer.CPULimit.AsApproximateFloat64(),
		"member":    members * bed.Etcd.CPULimit.AsApproximateFloat64(),
	}
	shares := map[string]float64{}
	for name, limit := range limits {
		shares[name] = (after[name] - before[name]) / time.Since(began).Seconds() / limit
	}
	return shares, nil
}

// spent is the CPU time that the apiservers and the members have used, in seconds.
func (r *run) spent(ctx context.Context) (map[string]float64, error) {
	sums := map[string]float64{}
	apiservers, err := r.stage.Tenant.Replicas(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range apiservers {
		page, err := r.page(ctx, a)
		if err != nil {
			return nil, err
		}
		sums["apiserver"] += value(page, "process_cpu_seconds_total")
	}
	etcds, err := r.stage.Tenant.Members(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range etcds {
		page, err := r.stage.Tenant.MemberPage(ctx, m)
		if err != nil {
			return nil, fmt.Errorf("reading the metrics of %s: %w", m.Name, err)
		}
		sums["member"] += value(page, "process_cpu_seconds_total")
	}
	return sums, nil
}

func (r *run) page(ctx context.Context, a tenant.Replica) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	c, err := kubernetes.NewForConfig(r.stage.Tenant.ReplicaConfig(a))
	if err != nil {
		return nil, fmt.Errorf("reading the metrics of %s: %w", a.Name, err)
	}
	page, err := c.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the metrics of %s: %w", a.Name, err)
	}
	return page, nil
}

// leads is the member that leads; an empty one when none says so.
func (r *run) leads(ctx context.Context) tenant.Replica {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	etcds, err := r.stage.Tenant.Members(ctx)
	if err != nil {
		return tenant.Replica{}
	}
	for _, m := range etcds {
		page, err := r.stage.Tenant.MemberPage(ctx, m)
		if err == nil && value(page, "etcd_server_is_leader") == 1 {
			return m
		}
	}
	return tenant.Replica{}
}

// value is that of a metric without labels on a page in text form; 0 where it is not there.
func value(page []byte, name string) (v float64) {
	for line := range strings.Lines(string(page)) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			if _, err := fmt.Sscan(rest, &v); err == nil {
				return v
			}
		}
	}
	return 0
}
