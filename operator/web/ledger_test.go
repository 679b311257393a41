// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
)

// What is left of a budget is cut, days that hardly anybody saw are not green, and minutes
// after the last that was counted are unseen once they should have been.
func TestAMonthIsNotBetterThanItWas(t *testing.T) {
	p, l, _ := acme()
	month := func(change func(*v1alpha1.AvailabilityLedger)) (page, machine string) {
		l := *l.DeepCopy()
		l.Outages = nil
		for i := range l.Days {
			l.Days[i].Minutes = "g1440"
		}
		l.Days[25].Minutes = "g840"
		change(&l)
		server := serve(t, config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{l}}, nil))
		return get(t, server, "/cp/tenant-acme/acme/report").body, get(t, server, "/cp/tenant-acme/acme/report.json").body
	}
	_, machine := month(func(l *v1alpha1.AvailabilityLedger) { l.Days[2].Minutes = "g1200 X22 g218" }) // -1.85%
	if !strings.Contains(machine, `"budgetLeft":"-2%"`) || !strings.Contains(machine, `"budgetLeftIfUnseenWasBad":"-2%"`) {
		t.Errorf("22 of 21.6 minutes: %s", machine)
	}
	_, machine = month(func(l *v1alpha1.AvailabilityLedger) { l.Days[2].Minutes = "g1438 u1 X1" }) // 95.37%, 90.7%
	if !strings.Contains(machine, `"budgetLeft":"95%"`) || !strings.Contains(machine, `"budgetLeftIfUnseenWasBad":"90%"`) {
		t.Errorf("one of 21.6 minutes: %s", machine)
	}
	page, _ := month(func(l *v1alpha1.AvailabilityLedger) { l.Days[10].Minutes = "u700 g1 u739" })
	if !strings.Contains(page, `d-unseen"><span class="d">11<`) {
		t.Error("a day of one seen minute is green")
	}
	page, machine = month(func(l *v1alpha1.AvailabilityLedger) { l.Days = l.Days[:23] })
	if strings.Contains(page, "Every minute was seen") || strings.Contains(machine, `"unseenMinutes":0`) {
		t.Errorf("three days that nobody counted: %s", machine)
	}
	if !strings.Contains(page, "As of <time datetime=\"2026-11-24T00:00:00Z\"") || !strings.Contains(machine, `"asOf":"2026-11-24T00:00:00Z"`) {
		t.Errorf("it is not said as of when: %s", machine)
	}
}

// broken has ledgers that cannot be read, and counts who asks.
type broken struct {
	*reader
	err   error
	asked atomic.Int64
}

func (b *broken) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	b.asked.Add(1)
	if b.err != nil {
		return b.err
	}
	return b.reader.Get(ctx, key, into, options...)
}

// Machines are not told of an empty month where the ledger cannot be read, and are told of
// what is spoilt.
func TestReportsForMachines(t *testing.T) {
	p, l, _ := acme()
	l.Days[3].Minutes = "g9999"
	r := &reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{l}}
	c := config(r, nil)
	c.Ledgers = &broken{reader: r, err: errors.New("gone")}
	for _, kind := range []string{"csv", "json"} {
		if got := get(t, serve(t, c), "/cp/tenant-acme/acme/report."+kind); got.status != 503 {
			t.Errorf("%s without a ledger is %d: %s", kind, got.status, got.body)
		}
		got := get(t, serve(t, config(r, nil)), "/cp/tenant-acme/acme/report."+kind)
		if got.status != 200 || !strings.Contains(got.header.Get("X-Evenkeel-Note"), "is spoilt and left out") {
			t.Errorf("%s of a spoilt ledger is %d without a note: %v", kind, got.status, got.header)
		}
	}
	if got := get(t, serve(t, c), "/cp/tenant-acme/acme"); got.status != 200 || !strings.Contains(got.body, "cannot be read now") {
		t.Errorf("the page without a ledger is %d", got.status)
	}
}

type counted struct {
	past
	asked *atomic.Int64
}

func (c counted) Series(ctx context.Context, key types.NamespacedName, since, until time.Time, step time.Duration) ([]history.Point, error) {
	c.asked.Add(1)
	return c.past.Series(ctx, key, since, until, step)
}

// However many look at a page, the host and the store are asked once in a while.
func TestOthersAreAskedOnce(t *testing.T) {
	p, l, h := acme()
	r := &reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{l}}
	c, store := config(r, h), counted{asked: &atomic.Int64{}}
	ledger := &broken{reader: r}
	c.Ledgers, c.Past = ledger, store
	server := serve(t, c)
	for range 5 {
		get(t, server, "/cp/tenant-acme/acme?range=7d")
	}
	if ledger.asked.Load() != 1 || store.asked.Load() != 1 {
		t.Errorf("five pages ask for the ledger %d times and the store %d times", ledger.asked.Load(), store.asked.Load())
	}
}
