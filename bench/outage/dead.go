// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/stage"
)

// images are those of the tenant's servers.
var images = []string{"registry.k8s.io/kube-apiserver", "registry.k8s.io/etcd"}

// Dead is what was seen of a tenant while all of it was dead.
type Dead struct {
	Lasted time.Duration
	// SeriesGap is the longest time without a sample of the tenant's series, LedgerGap the
	// longest between two writings of its ledger, PageGap the longest without its page, and
	// Down how much of the time it was told to be down.
	SeriesGap, LedgerGap, PageGap, Down time.Duration
	// Minutes are the bad minutes of the ledger, of so long.
	Minutes int
}

// Intervals is the longest gap in intervals: of scrapes for the series, of minutes for the
// ledger, and of the time between two looks for the page.
func (d Dead) Intervals() float64 {
	return max(d.SeriesGap.Seconds()/scrape.Seconds(), d.LedgerGap.Minutes(), d.PageGap.Seconds()/pageEvery.Seconds())
}

// die kills all of the tenant, keeps it dead, and looks at what is told of it meanwhile.
func (r *run) die(ctx context.Context) error {
	for _, image := range images {
		r.stage.SetImage(image, "/bin/false")
	}
	for _, kind := range Kinds() {
		if err := r.kill(ctx, kind); err != nil {
			return err
		}
	}
	shown, err := r.newPage(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	looking, enough := context.WithCancel(ctx)
	defer enough()
	go shown.run(looking)
	r.Logf("the tenant is dead, for %s", r.Dead)
	d := &Dead{}
	if d.LedgerGap, err = r.watchLedger(ctx, began); err != nil {
		return err
	}
	end := time.Now()
	d.Lasted = end.Sub(began)
	if d.PageGap, err = shown.gap(began, end); err != nil {
		r.Logf("the page was last in the way: %v", err)
	}
	if err := r.series(ctx, d, began, end); err != nil {
		return err
	}
	l, err := r.ledger(ctx)
	if err != nil {
		return err
	}
	if d.Minutes, err = badSince(l, began); err != nil {
		return err
	}
	r.out.Dead = d
	r.Logf("dead for %s: %d bad minutes in the ledger, its longest gap %s, that of the series %s, of the page %s; told to be down for %s",
		d.Lasted.Round(time.Second), d.Minutes, d.LedgerGap.Round(time.Second), d.SeriesGap.Round(time.Second), d.PageGap.Round(time.Second), d.Down.Round(time.Second))
	return nil
}

// watchLedger looks at the ledger until the tenant has been dead for long enough, and tells
// the longest time between two writings of it. The first minute has to be over before
// anything is to be written of it.
func (r *run) watchLedger(ctx context.Context, began time.Time) (gap time.Duration, err error) {
	saved := began.Add(time.Minute)
	for time.Since(began) < r.Dead {
		if err := await.Pass(ctx, 5*time.Second); err != nil {
			return 0, err
		}
		l, err := r.ledger(ctx)
		if err != nil {
			return 0, err
		}
		if l.Saved != nil && l.Saved.After(saved) {
			gap = max(gap, l.Saved.Sub(saved))
			saved = l.Saved.Time
		}
	}
	return max(gap, time.Since(saved)), nil
}

// kill kills all pods of a kind.
func (r *run) kill(ctx context.Context, kind Kind) error {
	pods, err := r.host.CoreV1().Pods(stage.TenantNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + string(kind)})
	if err != nil {
		return fmt.Errorf("listing the pods of %s: %w", kind, err)
	}
	for _, p := range pods.Items {
		if err := r.stage.KillPod(p.Spec.NodeName, p.Namespace, p.Name); err != nil {
			return err
		}
	}
	return nil
}

// series looks at what the store has of the tenant over the time: the longest gap, and how
// long it was down.
func (r *run) series(ctx context.Context, d *Dead, from, to time.Time) error {
	// Samples as they were scraped, not as a query would carry them on.
	expression := fmt.Sprintf("%s[%ds]", toldDown, int(to.Sub(from).Seconds()))
	raw, err := r.store.Instant(ctx, expression, to)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", expression, err)
	}
	var times []time.Time
	for _, s := range raw { // one of each operator replica
		var down time.Duration
		for _, p := range s.Points {
			times = append(times, p.Time)
			if p.Value == 1 {
				down += scrape
			}
		}
		d.Down = max(d.Down, down)
	}
	d.SeriesGap = longestGap(times, from, to)
	return nil
}

func badSince(l *v1alpha1.AvailabilityLedger, from time.Time) (int, error) {
	all, err := minutes(l)
	if err != nil {
		return 0, err
	}
	through, _ := all.Through()
	return all.Totals(minuteOf(from), through+1).Bad, nil
}
