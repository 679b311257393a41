// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"evenkeel.dev/evenkeel/operator/controller"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/operator/sla/vantage"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// addVantage has this process look at every control plane from outside, and tell what it
// sees. leading closes when it leads; nil never does.
func addVantage(m ctrl.Manager, f operatorFlags, watch *probe.Watch, leading <-chan struct{}) (*controller.Vantage, error) {
	if f.point == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("finding a name for this vantage point; give one by --vantage-point: %w", err)
		}
		f.point = host
	}
	books := &ledger.Books{}
	points := &vantage.Points{
		Client: m.GetClient(), Reader: m.GetAPIReader(), Self: f.point, Namespace: f.electNamespace, Node: f.node, Now: time.Now, Leading: leading,
		Unwritten: books.Unwritten,
		Seen:      func() map[types.NamespacedName]sla.Look { return books.Looks(f.point) },
	}
	collector, err := ledger.NewCollector(books, points, time.Now)
	if err != nil {
		return nil, fmt.Errorf("setting up the series of what was promised: %w", err)
	}
	if err := register(collector); err != nil {
		return nil, err
	}
	v := &controller.Vantage{Client: m.GetClient(), Host: m.GetAPIReader(), Now: time.Now, Watch: watch, Books: books, Points: points}
	return v, v.SetupWithManager(m)
}

// register has the collector told of, in place of one before it in this process.
func register(c prometheus.Collector) error {
	err := metrics.Registry.Register(c)
	if before, is := errors.AsType[prometheus.AlreadyRegisteredError](err); is {
		metrics.Registry.Unregister(before.ExistingCollector)
		err = metrics.Registry.Register(c)
	}
	if err != nil {
		return fmt.Errorf("setting up the series of what was promised: %w", err)
	}
	return nil
}

// keepBooks has the ledgers of what vantage points see kept, while this process leads.
func keepBooks(m ctrl.Manager, v *controller.Vantage) error {
	k := &ledger.Keeper{Client: m.GetClient(), Reader: m.GetAPIReader(), Books: v.Books, Points: v.Points, Now: time.Now}
	if err := m.Add(k); err != nil {
		return fmt.Errorf("setting up the keeper of ledgers: %w", err)
	}
	return nil
}
