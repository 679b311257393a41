// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

const (
	// The host's controller-manager gives a node up after about 12 s.
	beatEvery    = 3 * time.Second
	beatTimeout  = 3 * time.Second
	leaseSeconds = 10
	statusEvery  = 10 * time.Second
	// lastWords bounds what a node still says when it is being stopped.
	lastWords = 2 * time.Second
)

// heartbeat renews the node's Lease and its status until ctx ends.
func (a *Agent) heartbeat(ctx context.Context, node types.UID) {
	beats, statuses := a.clock.NewTicker(beatEvery), a.clock.NewTicker(statusEvery)
	defer beats.Stop()
	defer statuses.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-beats.C():
			err = a.beat(ctx, node)
		case <-statuses.C():
			if !a.stopping() {
				err = a.postStatus(ctx, ready)
			}
		}
		if err != nil && ctx.Err() == nil {
			a.o.Logf("node %s: %v", a.o.Name, err)
		}
	}
}

func (a *Agent) stopping() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.halted
}

// beat renews the Lease, or creates it.
func (a *Agent) beat(ctx context.Context, node types.UID) error {
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	leases := a.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	lease, err := leases.Get(ctx, a.o.Name, metav1.GetOptions{})
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return fmt.Errorf("reading the Lease of Node %s: %w", a.o.Name, err)
	}
	if missing {
		lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: a.o.Name, Namespace: corev1.NamespaceNodeLease}}
	}
	lease.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: a.o.Name, UID: node}}
	lease.Spec.HolderIdentity = &a.o.Name
	lease.Spec.LeaseDurationSeconds = ptr.To[int32](leaseSeconds)
	lease.Spec.RenewTime = &metav1.MicroTime{Time: a.clock.Now()}
	if missing {
		_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
	} else {
		_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("renewing the Lease of Node %s: %w", a.o.Name, err)
	}
	return nil
}

// sayNotReady tells, while there is time, that the node is being stopped, so that
// nothing new is bound to it.
func (a *Agent) sayNotReady(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	if err := a.postStatus(ctx, shuttingDown); err != nil {
		a.o.Logf("node %s: saying that it stops: %v", a.o.Name, err)
	}
}
