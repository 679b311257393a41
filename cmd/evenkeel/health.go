// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
)

// addHealth has a manager answer for its health as long as it answers at all.
func addHealth(m ctrl.Manager, what string) error {
	if err := errors.Join(m.AddHealthzCheck("ping", healthz.Ping), m.AddReadyzCheck("ping", healthz.Ping)); err != nil {
		return fmt.Errorf("setting up the %s's health: %w", what, err)
	}
	return nil
}
