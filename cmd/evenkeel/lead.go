// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/leaderelection"

	"evenkeel.dev/evenkeel/operator/sla/vantage"
)

// renewDeadline is for how long a leader that cannot renew its Lease goes on, as
// controller-runtime has it.
const renewDeadline = 10 * time.Second

// complete has the lock of the election write its Lease and its events.
func complete(lead *vantage.Lead, m ctrl.Manager, f operatorFlags, points *vantage.Points) (err error) {
	lead.Points = points
	lead.Interface, err = leaderelection.NewResourceLock(m.GetConfig(), m, leaderelection.Options{
		LeaderElection: f.elect, LeaderElectionID: "evenkeel-operator", LeaderElectionNamespace: f.electNamespace,
		RenewDeadline: renewDeadline,
	})
	if err != nil {
		return fmt.Errorf("setting up the election of a leader by a Lease in namespace %s: %w", f.electNamespace, err)
	}
	return nil
}
