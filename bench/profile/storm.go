// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"context"
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/bench/load/offender"
)

const (
	// calm is how long nothing changes before each storm and after the last, storming how
	// long clients list all pods, and listing how many of them do so at once.
	calm     = 4 * time.Minute
	storming = 2 * time.Minute
	storms   = 2
	listing  = 2
)

// storm adds to a recording what a tenant goes through once it is large: clients that list
// everything, twice. It is no part of what is fitted.
func (r *run) storm(ctx context.Context) error {
	for n := range storms {
		if err := pass(ctx, calm); err != nil {
			return err
		}
		r.Logf("list storm %d of %d", n+1, storms)
		o, err := offender.New(offender.Options{Config: r.reader, Clients: listing})
		if err != nil {
			return fmt.Errorf("storm %d: %w", n+1, err)
		}
		ctx, end := context.WithTimeout(ctx, storming)
		o.Run(ctx)
		end()
	}
	return pass(ctx, calm)
}
