// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/learnt"
)

// restore takes what a process before this one has learnt and told.
func (r *Recommender) restore(ctx context.Context) error {
	var kept v1alpha1.UsageHistoryList
	if err := r.Host.List(ctx, &kept); err != nil {
		return fmt.Errorf("reading what was learnt before: %w", err)
	}
	if err := r.fleet.Restore(r.Now(), kept.Items); err != nil {
		log.FromContext(ctx).Error(err, "Something of what was learnt before is learnt anew")
	}
	for i := range kept.Items {
		if h := &kept.Items[i]; h.Name == HistoryName && h.Saved != nil && h.Saved.Time.Before(r.Now()) {
			r.saved[h.Namespace] = h.Saved.Time
		}
	}
	return r.told(ctx)
}

// save writes down what is due; the rest of an hour's writes comes with later loops.
func (r *Recommender) save(ctx context.Context) error {
	due := map[string]bool{}
	for _, ns := range r.fleet.Namespaces() {
		if _, known := r.saved[ns]; !known {
			r.saved[ns] = learnt.First(ns, r.Now())
		}
		if r.Now().Sub(r.saved[ns]) >= learnt.Every {
			due[ns] = true
		}
	}
	return r.write(ctx, due)
}

// saveLast writes down what is due as the process ends or another one leads. The rest is
// left: replicas that come and go would write all of it each time, and less than an hour
// is lost of days.
func (r *Recommender) saveLast() error {
	ctx, cancel := context.WithTimeout(context.Background(), saveWithin)
	defer cancel()
	return r.save(ctx)
}

func (r *Recommender) write(ctx context.Context, namespaces map[string]bool) error {
	if len(namespaces) == 0 {
		return nil
	}
	all, err := r.fleet.Save(r.Now(), namespaces)
	if err != nil {
		log.FromContext(ctx).Error(err, "Something that was learnt is not kept")
	}
	for ns, h := range all {
		r.saved[ns] = r.Now()
		if err := learnt.Put(ctx, r.Client, r.Host, h); err != nil {
			return err
		}
	}
	return nil
}
