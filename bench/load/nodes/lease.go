// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"context"
	"fmt"
	"net/http"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/load/victim"
)

// leasesPath is where the nodes' Leases are.
const leasesPath = "/apis/coordination.k8s.io/v1/namespaces/" + corev1.NamespaceNodeLease + "/leases"

// lend makes the node's Lease.
func (n *node) lend(ctx context.Context, owner *corev1.Node) error {
	seconds := int32(40)
	now := metav1.NowMicro()
	lease := &coordinationv1.Lease{
		TypeMeta: metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: corev1.NamespaceNodeLease, Name: n.name,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: n.name, UID: owner.UID}},
		},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &n.name, LeaseDurationSeconds: &seconds, RenewTime: &now},
	}
	err := n.obtain(ctx, request{method: http.MethodPost, path: leasesPath}, leasesPath+"/"+n.name, lease, &n.lease)
	if err != nil {
		return fmt.Errorf("creating the lease of node %s: %w", n.name, err)
	}
	return nil
}

// beat renews the Lease on a timetable that begins when the node has joined. A renewal
// ends, well or not, before the next one is due, so that none waits for another.
func (n *node) beat(ctx context.Context) {
	every := n.fleet.options.Renew
	for due := time.Now().Add(every); sleep(ctx, time.Until(due)); due = due.Add(every) {
		n.renew(ctx, due, min(every, victim.Deadline))
	}
}

// renew updates the Lease once; one that somebody else has written meanwhile, which
// may be an update whose answer was lost, is read and updated again, as a kubelet does.
func (n *node) renew(parent context.Context, due time.Time, within time.Duration) {
	ctx, cancel := context.WithDeadline(parent, due.Add(within))
	defer cancel()
	call := n.fleet.Renewals.Begin(due)
	status, err := n.update(ctx)
	for err == nil && status == http.StatusConflict {
		if err = n.reread(ctx); err == nil {
			status, err = n.update(ctx)
		}
	}
	load.Conclude(parent, call, status, err)
}

func (n *node) update(ctx context.Context) (int, error) {
	now := metav1.NowMicro()
	n.lease.Spec.RenewTime = &now
	n.lease.TypeMeta = metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"}
	body, err := encode(&n.lease)
	if err != nil {
		return 0, err
	}
	status, answer, err := ask(ctx, n.conn, request{method: http.MethodPut, path: leasesPath + "/" + n.name, body: body})
	if err == nil && good(status) {
		err = decode(answer, &n.lease)
	}
	return status, err
}

func (n *node) reread(ctx context.Context) error {
	status, answer, err := ask(ctx, n.conn, request{method: http.MethodGet, path: leasesPath + "/" + n.name})
	switch {
	case err != nil:
		return err
	case !good(status):
		return fmt.Errorf("reading the lease of node %s: %s", n.name, outcome(status, nil))
	}
	return decode(answer, &n.lease)
}
