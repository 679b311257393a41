// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package etcdcare

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/etcdapi"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// compactsIn bounds a compaction: the member that is asked for it answers when what was
	// dropped is gone from its file.
	compactsIn = time.Minute
	// oldKey is asked for at an old revision to see whether that is still there. Nobody has it.
	oldKey = "evenkeel.dev/compacted"
)

// Compact drops the history of etcd's store before a revision, physically, and says what
// went wrong; nil when no member has it any more. A history that is gone already is fine.
// Nothing is done unless all members answer and keep up and the revision has been.
func Compact(ctx context.Context, a *access.Access, members []Member, revision int64) (Done, *plane.Fault) {
	h, fault := open(a, members, fmt.Sprintf("compacting etcd's history up to revision %d", revision))
	if fault != nil {
		return Done{}, fault
	}
	defer h.close()
	seen, fault := h.sound(ctx)
	if fault != nil {
		return Done{}, fault
	}
	for i, t := range seen {
		if revision <= 0 || t.revision < revision {
			return Done{}, h.refused("%s is at revision %d", members[i].Name, t.revision)
		}
	}
	ctx, fault = h.commit(ctx)
	if fault != nil {
		return Done{}, fault
	}
	began := time.Now()
	if err := h.compact(ctx, leads(seen), revision); err != nil && !errors.Is(err, rpctypes.ErrCompacted) {
		return Done{}, etcdapi.FaultOf(h.attempted, err, compactsIn)
	}
	has := ""
	if !await(ctx, func(ctx context.Context) bool {
		has = h.hasHistory(ctx, revision)
		return has == ""
	}) {
		return Done{}, h.fault(v1alpha1.ReasonNotReadBack, "it was done, and %s", has)
	}
	return Done{Took: time.Since(began)}, nil
}

func (h *hands) compact(ctx context.Context, i int, revision int64) error {
	ctx, cancel := context.WithTimeout(ctx, compactsIn)
	defer cancel()
	_, err := h.calls[i].Etcd.Compact(ctx, revision, clientv3.WithCompactPhysical())
	return err
}

// hasHistory says which member still has, or does not tell whether it has, what was before
// a revision; empty when none has.
func (h *hands) hasHistory(ctx context.Context, revision int64) string {
	if revision <= 1 {
		return "" // there is nothing before the first
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	for i, c := range h.calls {
		_, err := c.Etcd.Get(ctx, oldKey, clientv3.WithRev(revision-1), clientv3.WithSerializable(), clientv3.WithCountOnly())
		switch {
		case errors.Is(err, rpctypes.ErrCompacted):
		case err != nil:
			return fmt.Sprintf("%s does not say what it has: %.300v", h.members[i].Name, err)
		default:
			return fmt.Sprintf("%s still has revision %d", h.members[i].Name, revision-1)
		}
	}
	return ""
}
