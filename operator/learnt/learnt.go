// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package learnt keeps in the host cluster what was learnt of sizes, so that it outlives
// an operator.
package learnt

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// Every is how often it is written down at the most: a thousand control planes share one
// etcd.
const Every = time.Hour

// First is when what nothing is known of counts as written: it spreads the first writes of
// all over an hour.
func First(of string, now time.Time) time.Time {
	h := fnv.New64a()
	_, _ = h.Write([]byte(of))
	return now.Add(-time.Duration(h.Sum64() % uint64(Every)))
}

// Last is when what is kept was written: by whoever led before, as a change of leader is no
// reason to write again within the hour.
func Last(h *v1alpha1.UsageHistory, of string, now time.Time) time.Time {
	if h.Saved == nil || h.Saved.After(now) || now.Sub(h.Saved.Time) >= Every {
		return First(of, now)
	}
	return h.Saved.Time
}

// Put writes what was learnt, over what was kept before under its name; where somebody
// deletes that meanwhile, it is made anew. reader reads the API itself.
func Put(ctx context.Context, c client.Client, reader client.Reader, h *v1alpha1.UsageHistory) error {
	before := &v1alpha1.UsageHistory{}
	err := reader.Get(ctx, client.ObjectKeyFromObject(h), before)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading UsageHistory %s/%s: %w", h.Namespace, h.Name, err)
	}
	if err == nil {
		after := before.DeepCopy()
		after.OwnerReferences, after.Saved, after.Containers, after.Memory = h.OwnerReferences, h.Saved, h.Containers, h.Memory
		if err = c.Patch(ctx, after, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("writing UsageHistory %s/%s: %w", h.Namespace, h.Name, err)
		}
	}
	if !apierrors.IsNotFound(err) {
		return nil
	}
	if err := c.Create(ctx, h); err != nil {
		return fmt.Errorf("creating UsageHistory %s/%s: %w", h.Namespace, h.Name, err)
	}
	return nil
}
