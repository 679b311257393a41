// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// viewFor is how long a view of the fleet is shown to everybody.
const viewFor = time.Second

// view is the fleet at one time, the worst first. It is not changed once it is made.
type view struct {
	at time.Time
	// version grows when a row changes.
	version    int64
	rows       []*row
	namespaces []string
}

// view is the fleet as it is now, or was a moment ago: however many look at it, profiles are
// listed once a second.
func (s *Server) view(ctx context.Context) (*view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Now()
	if s.last != nil && now.Sub(s.last.at).Abs() < viewFor {
		return s.last, nil
	}
	var all v1alpha1.ControlPlaneProfileList
	// They are read and not written to, and a thousand of them are some megabytes.
	if err := s.config.Profiles.List(ctx, &all, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing ControlPlaneProfiles for the dashboard: %w", err)
	}
	next := &view{at: now, version: now.UnixNano()}
	was := map[types.NamespacedName]*row{}
	if s.last != nil {
		next.version = max(next.version, s.last.version+1)
		for _, r := range s.last.rows {
			was[r.key] = r
		}
	}
	changed := s.last == nil || len(s.last.rows) != len(all.Items)
	for i := range all.Items {
		r, err := s.row(&all.Items[i], was, next.version)
		if err != nil {
			return nil, err
		}
		changed = changed || r.changed == next.version
		next.rows = append(next.rows, r)
		next.namespaces = append(next.namespaces, r.Namespace)
	}
	if !changed {
		next.version = s.last.version
	}
	slices.SortFunc(next.rows, worst)
	slices.Sort(next.namespaces)
	next.namespaces = slices.Compact(next.namespaces)
	s.last = next
	return next, nil
}

// row is that of a profile: the one from before where nothing has changed.
func (s *Server) row(p *v1alpha1.ControlPlaneProfile, was map[types.NamespacedName]*row, version int64) (*row, error) {
	key := types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
	h := s.heard(key)
	before := was[key]
	if before != nil && before.resource == p.ResourceVersion && before.heard == h {
		return before, nil
	}
	r := rowOf(p, h)
	var err error
	if r.html, err = part("row", r); err != nil {
		return nil, fmt.Errorf("showing ControlPlaneProfile %s: %w", key, err)
	}
	if r.changed = version; before != nil && before.html == r.html {
		r.changed = before.changed
	}
	return r, nil
}
