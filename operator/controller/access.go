// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/operator/observe"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Tenant is one tenant's control plane as a pass uses it.
type Tenant interface {
	// User is Evenkeel's own user name there.
	User() string
	// Retarget says which replicas there are.
	Retarget(targets []observe.Target)
	// Look looks at every replica, with the debug dump when asked for.
	Look(ctx context.Context, now time.Time, dump bool) []plane.Replica
	// Pulse asks every replica for little and says whether one was slow.
	Pulse(ctx context.Context) (slow bool)
	// ReadConfig reads the flow control.
	ReadConfig(ctx context.Context) (*plane.FlowConfig, *plane.Fault)
	// Apply carries a step out.
	Apply(ctx context.Context, step plane.Step, replicas []plane.Replica, now func() time.Time) plane.Outcome
	// LeaveAsFound deletes what this profile wrote.
	LeaveAsFound(ctx context.Context) error
	// Close ends the connections.
	Close()
}

// Opener makes the way into a tenant for the profile that owns what is written.
type Opener func(a *access.Access, owner actuate.Owner) (Tenant, error)

// enter makes sure of a way into the tenant with the credentials that the
// profile's Secret holds now.
func (p *pass) enter(ctx context.Context) error {
	ref := p.cpp.Spec.Access.KubeconfigSecretRef
	var secret corev1.Secret
	err := p.r.Secrets.Get(ctx, client.ObjectKey{Namespace: p.cpp.Namespace, Name: ref.Name}, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return fault(v1alpha1.ReasonAccessNotFound, "there is no Secret %s in namespace %s: create it with a kubeconfig under the key %s", ref.Name, p.cpp.Namespace, ref.Key)
	case apierrors.IsForbidden(err):
		return fault(v1alpha1.ReasonAccessDenied, "Evenkeel may not read Secret %s in namespace %s: apply manifests/tenant-namespace there with this Secret's name", ref.Name, p.cpp.Namespace)
	case err != nil:
		return fmt.Errorf("reading Secret %s/%s: %w", p.cpp.Namespace, ref.Name, err)
	}
	raw, ok := secret.Data[ref.Key]
	if !ok {
		return fault(v1alpha1.ReasonAccessNotFound, "Secret %s has no key %s: put a kubeconfig there, or correct access.kubeconfigSecretRef.key", ref.Name, ref.Key)
	}
	a, refused := access.Parse(raw, p.now)
	if refused != nil {
		return &faultError{*refused}
	}
	if p.kept.tenant == nil || p.kept.fingerprint != a.Fingerprint() {
		t, err := p.r.Open(a, p.owner(a.User()))
		if err != nil {
			return fault(v1alpha1.ReasonAccessInvalid, "Secret %s: %v", ref.Name, err)
		}
		p.kept.enter(p.r.fleet, p.cpp, t, a.Fingerprint(), p.r.Options.Pulse)
	}
	p.tenant = p.kept.tenant
	return nil
}

func (p *pass) owner(self string) actuate.Owner {
	return actuate.Owner{Namespace: p.cpp.Namespace, Name: p.cpp.Name, UID: string(p.cpp.UID), Self: self}
}
