// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"evenkeel.dev/evenkeel/operator/controller"
	"evenkeel.dev/evenkeel/operator/sla"
)

// addVantage has this replica look at every control plane from outside, and keep the books
// where it leads; the reconciler tells them what it knows.
func addVantage(m ctrl.Manager, r *controller.Reconciler, f operatorFlags) error {
	if f.point == "" {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("finding a name for this vantage point; give one by --vantage-point: %w", err)
		}
		f.point = host
	}
	books := &sla.Books{}
	points := &sla.Points{
		Client: m.GetClient(), Reader: m.GetAPIReader(), Self: f.point, Namespace: f.electNamespace,
		Now: time.Now, Leading: m.Elected(),
	}
	points.Seen = func() map[sla.Key]sla.Look { return books.Looks(f.point) }
	r.Books, r.Points = books, points
	collector, err := sla.NewCollector(books, points, time.Now)
	if err != nil {
		return fmt.Errorf("setting up the series of what was promised: %w", err)
	}
	if err := metrics.Registry.Register(collector); err != nil {
		return fmt.Errorf("setting up the series of what was promised: %w", err)
	}
	v := &controller.Vantage{Client: m.GetClient(), Host: m.GetAPIReader(), Now: time.Now, Watch: &sla.Watch{}, Books: books, Points: points}
	if err := v.SetupWithManager(m); err != nil {
		return err
	}
	keeper := &sla.Keeper{Client: m.GetClient(), Reader: m.GetAPIReader(), Books: books, Points: points, Now: time.Now}
	if err := m.Add(keeper); err != nil {
		return fmt.Errorf("setting up the keeper of ledgers: %w", err)
	}
	return nil
}
