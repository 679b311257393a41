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
	"sigs.k8s.io/controller-runtime/pkg/log"

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

// secretEvery is how often the access Secret is read: a fleet of a thousand must not
// cost the host a read of each at every tick.
const secretEvery = 30 * time.Second

// enter makes sure of a way into the tenant with the credentials that the
// profile's Secret holds. Should the host's API fail, those that were read last are
// as good as they were.
func (p *pass) enter(ctx context.Context) error {
	if p.kept.fresh(p.cpp.Generation, p.now) {
		p.tenant = p.kept.tenant
		return nil
	}
	a, err := p.credentials(ctx)
	if err != nil {
		if _, told := asFault(err); told || p.kept.tenant == nil || !p.kept.valid(p.now) {
			return err
		}
		log.FromContext(ctx).Error(err, "The access Secret cannot be read; going on with what it held before")
		p.tenant = p.kept.tenant
		return nil
	}
	if p.kept.tenant == nil || p.kept.access.Fingerprint() != a.Fingerprint() {
		t, err := p.r.Open(a, p.owner(a.User()))
		if err != nil {
			return fault(v1alpha1.ReasonAccessInvalid, "Secret %s: %v", p.secretName(), err)
		}
		p.kept.enter(p.r.fleet, p.cpp, t, p.r.Options.Pulse)
	}
	p.kept.access, p.kept.accessRead, p.kept.generation = a, p.now, p.cpp.Generation
	p.tenant = p.kept.tenant
	return nil
}

// credentials reads the access Secret.
func (p *pass) credentials(ctx context.Context) (*access.Access, error) {
	ref := p.cpp.Spec.Access.KubeconfigSecretRef
	secret, err := p.secret(ctx, ref.Name, "a kubeconfig under the key "+ref.Key)
	if err != nil {
		return nil, err
	}
	raw, ok := secret.Data[ref.Key]
	if !ok {
		return nil, fault(v1alpha1.ReasonAccessNotFound, "Secret %s has no key %s: put a kubeconfig there, or correct access.kubeconfigSecretRef.key", ref.Name, ref.Key)
	}
	a, refused := access.Parse(raw, p.now)
	if refused != nil {
		p.ended("access", *refused, access.End(raw))
		return nil, &faultError{plane.Fault{Reason: refused.Reason, Message: fmt.Sprintf("Secret %s: %s", ref.Name, refused.Message)}}
	}
	return a, nil
}

// ended notes when credentials ended that are refused for it.
func (p *pass) ended(certificate string, f plane.Fault, at time.Time) {
	if p.kept != nil && f.Reason == v1alpha1.ReasonAccessExpired {
		p.kept.ends[certificate] = at
	}
}

// secret reads a Secret of the profile's namespace; holds is what is to be in it.
func (p *pass) secret(ctx context.Context, name, holds string) (*corev1.Secret, error) {
	var secret corev1.Secret
	err := p.r.Host.Get(ctx, client.ObjectKey{Namespace: p.cpp.Namespace, Name: name}, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, fault(v1alpha1.ReasonAccessNotFound, "there is no Secret %s in namespace %s: create it with %s", name, p.cpp.Namespace, holds)
	case apierrors.IsForbidden(err):
		return nil, fault(v1alpha1.ReasonAccessDenied, "Evenkeel may not read Secret %s in namespace %s: apply manifests/tenant-namespace there with this Secret's name", name, p.cpp.Namespace)
	case err != nil:
		return nil, fmt.Errorf("reading Secret %s/%s: %w", p.cpp.Namespace, name, err)
	}
	return &secret, nil
}

func (p *pass) secretName() string { return p.cpp.Spec.Access.KubeconfigSecretRef.Name }

func (p *pass) owner(self string) actuate.Owner {
	return actuate.Owner{Namespace: p.cpp.Namespace, Name: p.cpp.Name, UID: string(p.cpp.UID), Self: self}
}

// fresh tells whether the way in need not be looked at again: its Secret was read
// a short while ago for this generation of the profile, and no replica has turned
// it down.
func (k *kept) fresh(generation int64, now time.Time) bool {
	return k.tenant != nil && !k.turnedDown && k.valid(now) && k.generation == generation && now.Sub(k.accessRead) < secretEvery
}

// valid tells whether the credentials have not run out.
func (k *kept) valid(now time.Time) bool {
	end := k.access.NotAfter()
	return end.IsZero() || now.Before(end)
}
