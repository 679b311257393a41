// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"context"
	"fmt"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/bench/stage"
	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
	"evenkeel.dev/evenkeel/bench/testbed/tenant"
)

const (
	// usageEvery is how often the containers' cgroups are read; pagesEvery how often
	// the metrics pages are, which costs the servers something.
	usageEvery = time.Second
	pagesEvery = 15 * time.Second
)

// watched is one container.
type watched struct {
	name  string
	group *cgroup.Group
	// taken are its samples, the oldest first.
	taken []sample
}

// sample is what a container has used at a time: CPU seconds since it was made, and the
// working set in bytes, which is what metrics-server tells of it.
type sample struct {
	at          time.Time
	cpu, memory float64
}

// trace samples a tenant's containers and pages while it runs.
type trace struct {
	tenant            *tenant.Tenant
	replicas, members []tenant.Replica

	mu              sync.Mutex
	apiserver, etcd []*watched
	looks           []seen
	failed          error
}

// follow begins to sample, until ctx ends.
func follow(ctx context.Context, st *stage.Stage) (*trace, error) {
	t := &trace{tenant: st.Tenant}
	var err error
	if t.replicas, err = st.Tenant.Replicas(ctx); err != nil {
		return nil, err
	}
	if t.members, err = st.Tenant.Members(ctx); err != nil {
		return nil, err
	}
	if t.apiserver, err = groups(st, t.replicas, "kube-apiserver"); err != nil {
		return nil, err
	}
	if t.etcd, err = groups(st, t.members, "etcd"); err != nil {
		return nil, err
	}
	go t.repeat(ctx, usageEvery, t.sample)
	go t.repeat(ctx, pagesEvery, func() error {
		_, err := t.look(ctx)
		return err
	})
	return t, nil
}

func groups(st *stage.Stage, replicas []tenant.Replica, container string) ([]*watched, error) {
	all := make([]*watched, 0, len(replicas))
	for _, r := range replicas {
		g, err := st.Cgroups.Group("pods/" + r.UID + "/" + container) // where a node puts it
		if err != nil {
			return nil, fmt.Errorf("finding the group of %s: %w", r.Name, err)
		}
		all = append(all, &watched{name: r.Name, group: g})
	}
	return all, nil
}

func (t *trace) repeat(ctx context.Context, every time.Duration, do func() error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := do(); err != nil && ctx.Err() == nil {
			t.mu.Lock()
			t.failed = err
			t.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sample reads every group once.
func (t *trace) sample() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range append(append([]*watched{}, t.apiserver...), t.etcd...) {
		u, err := w.group.Usage()
		if err != nil {
			return fmt.Errorf("reading what %s uses: %w", w.name, err)
		}
		w.taken = append(w.taken, sample{at: time.Now(), cpu: u.CPUSeconds, memory: float64(u.WorkingSetBytes)})
	}
	return nil
}

// look reads the pages and keeps what they say.
func (t *trace) look(ctx context.Context) (seen, error) {
	s, err := look(ctx, t.tenant, t.replicas, t.members)
	if err != nil {
		return s, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.looks = append(t.looks, s)
	return s, nil
}

// Use is what the containers of a component used in a window.
type Use struct {
	// CPU is the mean of the busiest container, MeanCPU that of all, in cores.
	CPU, MeanCPU float64
	// Memory is the peak of the container with the highest one, MeanMemory the mean of
	// all over the window, in bytes.
	Memory, MeanMemory float64
}

// use cuts a window out of the samples.
func (t *trace) use(of []*watched, from, to time.Time) (u Use, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range of {
		var in []sample
		for _, s := range w.taken {
			if !s.at.Before(from) && !s.at.After(to) {
				in = append(in, s)
			}
		}
		if len(in) < 2 {
			return u, fmt.Errorf("%d samples of %s in the window", len(in), w.name)
		}
		last := in[len(in)-1]
		cores := (last.cpu - in[0].cpu) / last.at.Sub(in[0].at).Seconds()
		memory, peak := 0.0, 0.0
		for _, s := range in {
			memory += s.memory / float64(len(in))
			peak = max(peak, s.memory)
		}
		u.CPU, u.Memory = max(u.CPU, cores), max(u.Memory, peak)
		u.MeanCPU += cores / float64(len(of))
		u.MeanMemory += memory / float64(len(of))
	}
	return u, nil
}
