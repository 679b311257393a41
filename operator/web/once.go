// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	utilcache "k8s.io/apimachinery/pkg/util/cache"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/recommender/sla"
)

const (
	// onceFor is how long an answer of the host's API or of a store is shown to everybody:
	// as long as a page waits before it asks again.
	onceFor, mostOnce = 4 * time.Second, 200
)

// once asks what costs others something once, however many pages show it.
type once struct {
	answers *utilcache.LRUExpireCache
	asking  singleflight.Group
}

func newOnce() *once { return &once{answers: utilcache.NewLRUExpireCache(mostOnce)} }

type onceAnswer[T any] struct {
	is  T
	err error
}

// askOnce is the answer to a question by its name. It is the same for all, and not changed.
func askOnce[T any](o *once, name string, ask func() (T, error)) (T, error) {
	if known, is := o.answers.Get(name); is {
		if a, is := known.(onceAnswer[T]); is {
			return a.is, a.err
		}
	}
	got, _, _ := o.asking.Do(name, func() (any, error) {
		is, err := ask()
		a := onceAnswer[T]{is, err}
		o.answers.Add(name, a, onceFor)
		return a, nil
	})
	a, _ := got.(onceAnswer[T])
	return a.is, a.err
}

// before are the points of a span that a store has, up to where the memory begins.
func (s *Server) before(ctx context.Context, key types.NamespacedName, when span, begins time.Time) ([]history.Point, error) {
	ctx = context.WithoutCancel(ctx) // a page that is closed ends it for nobody else
	return askOnce(s.once, fmt.Sprint("past ", key, when.since.Unix(), begins.Unix()), func() ([]history.Point, error) {
		return s.config.Past.Series(ctx, key, when.since, begins, max(coarse, when.until.Sub(when.since)/500))
	})
}

// readLedger is a ledger, what was promised meanwhile, and what is to be said of it.
type readLedger struct {
	ledger   sla.Ledger
	promises ledger.Promises
	note     string
}

// ledger is a control plane's; an empty one where there is none. It errs where it cannot be
// read, which is among the notes as well.
func (s *Server) ledger(ctx context.Context, key types.NamespacedName, notes *[]string) (readLedger, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), asked)
	defer cancel()
	got, err := askOnce(s.once, fmt.Sprint("ledger ", key), func() (readLedger, error) { return s.read(ctx, key) })
	if got.note != "" {
		*notes = append(*notes, got.note)
	}
	return got, err
}

func (s *Server) read(ctx context.Context, key types.NamespacedName) (readLedger, error) {
	var o v1alpha1.AvailabilityLedger
	err := s.config.Ledgers.Get(ctx, key, &o)
	switch {
	case apierrors.IsNotFound(err) || meta.IsNoMatchError(err):
		return readLedger{note: "There is no AvailabilityLedger yet: minutes are counted from the first round of probes on."}, nil
	case err != nil:
		s.log.Error(err, "A ledger cannot be read", "profile", key)
		return readLedger{note: "The AvailabilityLedger cannot be read now."}, fmt.Errorf("reading the AvailabilityLedger %s: %w", key, err)
	}
	l, err := ledger.Load(&o)
	promises := ledger.Promises(o.Promises)
	if err != nil {
		return readLedger{l, promises, "A part of the AvailabilityLedger is spoilt and left out: " + plain(err.Error())}, nil
	}
	return readLedger{ledger: l, promises: promises}, nil
}
