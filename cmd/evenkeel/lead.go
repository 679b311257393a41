// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/leaderelection"

	"evenkeel.dev/evenkeel/operator/sla/vantage"
)

// leaderID is the name of the Lease that whoever leads holds.
const leaderID = "evenkeel-operator"

// renewDeadline is for how long a leader that cannot renew its Lease goes on, as
// controller-runtime has it.
const renewDeadline = 10 * time.Second

// complete has the lock of the election write its Lease and its events.
func complete(lead *vantage.Lead, m ctrl.Manager, f operatorFlags, points *vantage.Points) (err error) {
	lead.Points = points
	lead.Interface, err = leaderelection.NewResourceLock(rest.CopyConfig(m.GetConfig()), m, leaderelection.Options{
		LeaderElection: f.elect, LeaderElectionID: leaderID, LeaderElectionNamespace: f.electNamespace,
		RenewDeadline: renewDeadline,
	})
	if err != nil {
		return fmt.Errorf("setting up the election of a leader by a Lease in namespace %s: %w", f.electNamespace, err)
	}
	return nil
}
