// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/operator/observe"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// door is the real way into a tenant: every replica at its own address, and API
// calls to whichever of them answers first.
type door struct {
	*observe.Plane
	access   *access.Access
	actuator *actuate.Actuator
}

// hedgeAfter is how long an API call waits for one replica before it is made to the
// next as well. In calm times an answer takes a fraction of it.
const hedgeAfter = 100 * time.Millisecond

// Open is the Opener of the real operator.
func Open(a *access.Access, owner actuate.Owner) (Tenant, error) {
	if a.User() == "" {
		return nil, errors.New("the credentials do not tell Evenkeel's user name: use a client certificate or a service account's token")
	}
	s := runtime.NewScheme()
	if err := flowcontrolv1.AddToScheme(s); err != nil {
		return nil, fmt.Errorf("building the scheme of tenants: %w", err)
	}
	replicas := observe.NewPlane(a, observe.Options{})
	config := a.RESTConfig(a.ServerName()) // the address is the hedge's to choose
	config.Transport = access.Hedge(replicas.RoundTripper(), replicas.Quickest, hedgeAfter)
	config.TLSClientConfig = rest.TLSClientConfig{} // it is the replicas' connections that are used
	c, err := client.New(config, client.Options{Scheme: s, Mapper: flowControlMapper()})
	if err != nil {
		return nil, fmt.Errorf("preparing to call the tenant's API: %w", err)
	}
	return &door{Plane: replicas, access: a, actuator: actuate.New(c, replicas, owner)}, nil
}

// User is Evenkeel's user name in the tenant.
func (d *door) User() string { return d.access.User() }

// ReadConfig reads the tenant's flow control.
func (d *door) ReadConfig(ctx context.Context) (*plane.FlowConfig, *plane.Fault) {
	return d.actuator.ReadConfig(ctx)
}

// Apply carries a step out.
func (d *door) Apply(ctx context.Context, step plane.Step, replicas []plane.Replica, now func() time.Time) plane.Outcome {
	return d.actuator.Apply(ctx, step, replicas, now)
}

// LeaveAsFound deletes what this profile wrote.
func (d *door) LeaveAsFound(ctx context.Context) error { return d.actuator.LeaveAsFound(ctx) }

// flowControlMapper knows the two kinds that are written, so that no tenant is
// asked for its discovery documents.
func flowControlMapper() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper([]schema.GroupVersion{flowcontrolv1.SchemeGroupVersion})
	for _, kind := range []string{"FlowSchema", "PriorityLevelConfiguration"} {
		m.Add(flowcontrolv1.SchemeGroupVersion.WithKind(kind), meta.RESTScopeRoot)
	}
	return m
}
