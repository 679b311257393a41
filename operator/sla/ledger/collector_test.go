// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/monitoring/series"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/operator/sla/vantage"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// Of a ledger that has not been read nobody is told that all of the budget is left, and every
// minute that is over waits to be written; when it has been read, what it says is told.
func TestWhatIsNotReadIsNotGood(t *testing.T) {
	now := time.Date(2026, 3, 20, 6, 0, 0, 0, time.UTC)
	leading := make(chan struct{})
	close(leading)
	books := &ledger.Books{}
	book := books.Open(types.NamespacedName{Namespace: "tenant-acme", Name: "acme"})
	book.Promise(0.9995, now)
	points := &vantage.Points{Self: "self", Leading: leading, Seen: func() map[types.NamespacedName]sla.Look { return books.Looks("self") }}
	c, err := ledger.NewCollector(books, points, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(c)
	outage(book, now)
	now = now.Add(6 * time.Minute)
	left, unsaved := gauge(t, r, series.BudgetLeft), gauge(t, r, series.LedgerUnsaved)
	if !math.IsNaN(left) || unsaved != 5 {
		t.Errorf("nobody has read it, and %v of the budget is left, %v minutes wait to be written", left, unsaved)
	}
	book.Recall(ledger.Kept{}, time.Time{}, now)
	if left := gauge(t, r, series.BudgetLeft); math.IsNaN(left) || left >= 1 {
		t.Errorf("after five bad minutes %v of the budget is left", left)
	}
}

// gauge is the first of a gauge's values.
func gauge(t *testing.T, from prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("nothing is told of %s", name)
	return 0
}
