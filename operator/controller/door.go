// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/operator/observe"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// door is the real way into a tenant: every replica at its own address, and API
// calls to whichever of them answers best.
type door struct {
	*observe.Plane
	access *access.Access
	owner  actuate.Owner
	scheme *runtime.Scheme

	mu      sync.Mutex
	targets []observe.Target
	// clients are by address: which replica answers best changes, and each new
	// client costs the tenant a TLS handshake.
	clients map[string]apiClient
	// quick is true while the flow control is read quickly, and next whose turn it is.
	quick bool
	next  int
}

// apiClient is a client of one replica's API, and what it is over.
type apiClient struct {
	actuator *actuate.Actuator
	over     http.RoundTripper
}

// Open is the Opener of the real operator.
func Open(a *access.Access, owner actuate.Owner) (Tenant, error) {
	if a.User() == "" {
		return nil, errors.New("the credentials do not tell Evenkeel's user name: use a client certificate or a service account's token")
	}
	s := runtime.NewScheme()
	if err := flowcontrolv1.AddToScheme(s); err != nil {
		return nil, fmt.Errorf("building the scheme of tenants: %w", err)
	}
	return &door{Plane: observe.NewPlane(a, observe.Options{}), access: a, owner: owner, scheme: s, clients: map[string]apiClient{}}, nil
}

// User is Evenkeel's user name in the tenant.
func (d *door) User() string { return d.access.User() }

// Retarget says which replicas there are.
func (d *door) Retarget(targets []observe.Target) {
	d.mu.Lock()
	d.targets = targets
	for address, c := range d.clients {
		if !slices.ContainsFunc(targets, func(t observe.Target) bool { return t.Address == address }) {
			utilnet.CloseIdleConnectionsFor(c.over)
			delete(d.clients, address)
		}
	}
	d.mu.Unlock()
	d.Plane.Retarget(targets)
}

// ReadConfig reads the tenant's flow control.
//
// While answers are quick the replicas take turns. That spreads the cost, and it
// keeps a connection open to each: in a storm, when one of them answers best, a new
// one would take seconds to make.
func (d *door) ReadConfig(ctx context.Context) (*plane.FlowConfig, *plane.Fault) {
	a, err := d.actuator(d.turn())
	if err != nil {
		return nil, unreachable(err)
	}
	began := time.Now()
	config, fault := a.ReadConfig(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.quick = fault == nil && time.Since(began) < quickAnswer
	return config, fault
}

// quickAnswer is how long the flow control takes to be read at the most while the
// replicas take turns.
const quickAnswer = 200 * time.Millisecond

// turn is the address of the ready replica whose turn it is; empty while answers
// are not quick.
func (d *door) turn() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.quick || len(d.targets) == 0 {
		return ""
	}
	d.next = (d.next + 1) % len(d.targets)
	if t := d.targets[d.next]; t.Ready {
		return t.Address
	}
	return ""
}

// Apply carries a step out.
func (d *door) Apply(ctx context.Context, step plane.Step, replicas []plane.Replica, now func() time.Time) plane.Outcome {
	a, err := d.actuator("")
	if err != nil {
		out := plane.Outcome{Kind: step.Kind, Fault: unreachable(err)}
		if step.Sentence != nil {
			out.Name = step.Sentence.Name
		}
		return out
	}
	return a.Apply(ctx, step, replicas, now)
}

// LeaveAsFound deletes what this profile wrote.
func (d *door) LeaveAsFound(ctx context.Context) error {
	a, err := d.actuator("")
	if err != nil {
		return err
	}
	return a.LeaveAsFound(ctx)
}

// actuator goes to an address or, when there is none, to the replica that answers
// best, or to any ready one while none has answered: in a storm a slow way in is
// better than none.
func (d *door) actuator(address string) (*actuate.Actuator, error) {
	ok := address != ""
	if !ok {
		address, ok = d.Fastest()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := 0; !ok && i < len(d.targets); i++ {
		address, ok = d.targets[i].Address, d.targets[i].Ready
	}
	if !ok {
		return nil, errors.New("no replica is ready")
	}
	c, ok := d.clients[address]
	if !ok {
		var err error
		if c, err = d.dial(address); err != nil {
			return nil, fmt.Errorf("reaching %s: %w", address, err)
		}
		d.clients[address] = c
	}
	return c.actuator, nil
}

// dial makes a client of one replica's API.
func (d *door) dial(address string) (apiClient, error) {
	config := d.access.RESTConfig(address)
	h, err := rest.HTTPClientFor(config)
	if err != nil {
		return apiClient{}, err
	}
	c, err := client.New(config, client.Options{HTTPClient: h, Scheme: d.scheme, Mapper: flowControlMapper()})
	if err != nil {
		return apiClient{}, err
	}
	return apiClient{actuator: actuate.New(c, d.Plane, d.owner), over: h.Transport}, nil
}

// Close ends the connections.
func (d *door) Close() {
	d.Plane.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.clients {
		utilnet.CloseIdleConnectionsFor(c.over)
	}
	clear(d.clients)
}

// flowControlMapper knows the two kinds that are written, so that no tenant is
// asked for its discovery documents.
func flowControlMapper() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper([]schema.GroupVersion{flowcontrolv1.SchemeGroupVersion})
	for _, kind := range []string{"FlowSchema", "PriorityLevelConfiguration"} {
		m.Add(flowcontrolv1.SchemeGroupVersion.WithKind(kind), meta.RESTScopeRoot)
	}
	return m
}

func unreachable(err error) *plane.Fault {
	return &plane.Fault{Reason: v1alpha1.ReasonTenantUnreachable, Message: "the tenant's API cannot be reached: " + err.Error()}
}
