// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package balancer

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Backend is one pod as the balancer sees it.
type Backend struct {
	// Name is the pod's; Address is where its connections go, "127.81.0.3:6443".
	Name, Address string
	// Ready pods get new connections.
	Ready bool
	// Open are the connections now, Total those ever made.
	Open, Total int
}

// target is a pod with an address. Its connections end with gone.
type target struct {
	name, address string
	ready         bool
	open, total   int
	gone          context.Context //nolint:containedctx // the lifetime of a pod, not of a call
	forget        context.CancelFunc
}

func newTarget(name, address string) *target {
	gone, forget := context.WithCancel(context.Background())
	return &target{name: name, address: address, gone: gone, forget: forget}
}

// pool are the pods of a balancer.
type pool struct {
	port    string
	mu      sync.Mutex
	targets map[types.UID]*target
	// carried are the pods' names by the addresses of the clients that they serve.
	carried map[string]string
	// turn goes up with every choice, so that equals take turns.
	turn int
}

func newPool(port int) *pool {
	return &pool{port: strconv.Itoa(port), targets: map[types.UID]*target{}, carried: map[string]string{}}
}

// follow takes the pods as they are now. Pods that are not ready, or are shutting
// down, keep the connections they have; those of pods that are gone are closed.
func (p *pool) follow(pods []*corev1.Pod) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := map[types.UID]bool{}
	for _, pod := range pods {
		if pod.Status.PodIP == "" || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
			continue
		}
		address := net.JoinHostPort(pod.Status.PodIP, p.port)
		t := p.targets[pod.UID]
		if t == nil || t.address != address {
			if t != nil {
				t.forget()
			}
			t = newTarget(pod.Name, address)
			p.targets[pod.UID] = t
		}
		t.ready = ready(pod)
		seen[pod.UID] = true
	}
	for uid, t := range p.targets {
		if !seen[uid] {
			t.forget()
			delete(p.targets, uid)
		}
	}
}

func ready(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// pick chooses the ready pod with the fewest connections that has not been tried,
// and counts a connection on it; nil when there is none.
func (p *pool) pick(tried map[*target]bool) *target {
	p.mu.Lock()
	defer p.mu.Unlock()
	candidates := p.sorted()
	candidates = slices.DeleteFunc(candidates, func(t *target) bool { return !t.ready || tried[t] })
	if len(candidates) == 0 {
		return nil
	}
	p.turn++
	best := candidates[p.turn%len(candidates)]
	for i := range candidates {
		t := candidates[(p.turn+i)%len(candidates)]
		if t.open < best.open {
			best = t
		}
	}
	best.open++
	return best
}

func (p *pool) connected(t *target, client string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.total++
	p.carried[client] = t.name
}

func (p *pool) release(t *target, client string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.open--
	delete(p.carried, client)
}

func (p *pool) carrier(client string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.carried[client]
}

func (p *pool) backends() []Backend {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Backend
	for _, t := range p.sorted() {
		all = append(all, Backend{Name: t.name, Address: t.address, Ready: t.ready, Open: t.open, Total: t.total})
	}
	return all
}

func (p *pool) sorted() []*target {
	all := make([]*target, 0, len(p.targets))
	for _, t := range p.targets {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *target) int {
		return strings.Compare(a.name+a.address, b.name+b.address)
	})
	return all
}

// close ends every connection.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for uid, t := range p.targets {
		t.forget()
		delete(p.targets, uid)
	}
}
