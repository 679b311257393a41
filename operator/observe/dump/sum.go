// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dump

import (
	"bytes"
	"cmp"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// maxOthers bounds the rows under OthersUser, which has one for each level and
// schema; past it they are under neither.
const maxOthers = 64

// maxGroups bounds the rows that stand for service accounts of a namespace.
const maxGroups = 128

// sum adds rows up.
type sum struct {
	bounds Bounds
	// byKey has a holding for each client, level and schema.
	byKey map[string]*holding
	// key is built anew for each row, in the same memory.
	key    []byte
	newest time.Time
}

// holding is a plane.Held before the time of the dump is known.
type holding struct {
	plane.Held
	// oldest is the arrival of the oldest request that waits.
	oldest time.Time
}

func newSum(b Bounds) *sum { return &sum{bounds: b, byKey: map[string]*holding{}} }

func (s *sum) add(r row) {
	if r.arrived.After(s.newest) {
		s.newest = r.arrived
	}
	if len(r.resource) > 0 {
		r.path = nil
	}
	if !s.sound(r) {
		r = row{level: r.level, schema: r.schema, user: []byte(OthersUser), executing: r.executing, arrived: r.arrived, seats: r.seats}
		if !s.text(r.level) || !s.text(r.schema) {
			r.level, r.schema = nil, nil
		}
	}
	group, _, grouped := bytes.Cut(r.version, []byte{'/'})
	if !grouped {
		group = nil
	}
	s.key = s.key[:0]
	for _, part := range [][]byte{r.user, r.verb, group, r.resource, r.subresource, r.path, r.level, r.schema} {
		s.key = append(append(s.key, part...), 0)
	}
	if len(r.namespace) > 0 {
		s.key = append(s.key, 1)
	}
	h, ok := s.byKey[string(s.key)]
	if !ok {
		h = &holding{Held: plane.Held{Client: r.client(group), Level: string(r.level), Schema: string(r.schema)}}
		s.byKey[string(s.key)] = h
	}
	h.add(r)
}

// client is who the row is about.
func (r row) client(group []byte) plane.Client {
	resource := string(r.resource)
	if resource != "" && len(r.subresource) > 0 {
		resource += "/" + string(r.subresource)
	}
	return plane.Client{
		User: string(r.user), Verb: string(r.verb),
		Group: string(group), Resource: resource,
		Namespaced: len(r.namespace) > 0,
		Path:       string(r.path),
	}
}

// sound is true for a row whose names can be shown and matched.
func (s *sum) sound(r row) bool {
	for _, part := range [][]byte{r.user, r.verb, r.version, r.resource, r.subresource, r.path, r.level, r.schema} {
		if !s.text(part) {
			return false
		}
	}
	// No service account and no resource is called *, and no user as the group of all:
	// the name would stand for a whole namespace, for all resources, or for everybody.
	_, group := plane.Client{User: string(r.user)}.GroupOf()
	return len(r.user) > 0 && !group && string(r.user) != plane.Everyone && !bytes.ContainsAny(r.resource, "*,") && !bytes.ContainsAny(r.subresource, "*,")
}

func (s *sum) text(part []byte) bool {
	return len(part) <= s.bounds.CellBytes && utf8.Valid(part) && !bytes.ContainsFunc(part, unicode.IsControl)
}

func (h *holding) add(r row) {
	if r.executing {
		h.Executing++
		h.Seats += r.seats
	} else {
		h.Waiting++
		if h.oldest.IsZero() || r.arrived.Before(h.oldest) {
			h.oldest = r.arrived
		}
	}
	h.Width = max(h.Width, r.seats)
	if r.arrived.After(h.LastArrival) {
		h.LastArrival = r.arrived
	}
}

// merge adds another holding up with h.
func (h *holding) merge(o *holding) {
	h.Executing += o.Executing
	h.Waiting += o.Waiting
	h.Seats += o.Seats
	h.Width = max(h.Width, o.Width)
	if h.oldest.IsZero() || !o.oldest.IsZero() && o.oldest.Before(h.oldest) {
		h.oldest = o.oldest
	}
	if o.LastArrival.After(h.LastArrival) {
		h.LastArrival = o.LastArrival
	}
}

// clock is the time of the dump on the server's clock.
func (s *sum) clock(date time.Time) time.Time {
	if date.IsZero() {
		return s.newest
	}
	if s.newest.Before(date) {
		return date
	}
	if end := date.Add(time.Second); s.newest.After(end) {
		return end
	}
	return s.newest
}

// held are the holdings at the time of the dump, the heaviest first, and how many
// more of them are added up, by namespace or under OthersUser.
func (s *sum) held(now time.Time) (held []plane.Held, folded int) {
	all := make([]*holding, 0, len(s.byKey))
	for _, h := range s.byKey {
		all = append(all, h)
	}
	slices.SortFunc(all, heavier)
	if len(all) > s.bounds.Clients {
		folded = len(all) - s.bounds.Clients
		all = append(all[:s.bounds.Clients:s.bounds.Clients], fold(all[s.bounds.Clients:])...)
	}
	held = make([]plane.Held, len(all))
	for i, h := range all {
		if !h.oldest.IsZero() {
			h.OldestWait = max(0, now.Sub(h.oldest))
		}
		if h.LastArrival.After(now) {
			h.LastArrival = now
		}
		held[i] = h.Held
	}
	return held, folded
}

// heavier orders by seats and waiting requests, then by name.
func heavier(a, b *holding) int {
	return cmp.Or(
		cmp.Compare(b.Seats+b.Waiting, a.Seats+a.Waiting),
		cmp.Compare(a.Client.User, b.Client.User), cmp.Compare(a.Client.Verb, b.Client.Verb),
		cmp.Compare(a.Client.Group, b.Client.Group), cmp.Compare(a.Client.Resource, b.Client.Resource),
		cmp.Compare(a.Client.Path, b.Client.Path), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Schema, b.Schema),
		cmp.Compare(ordinal(a.Client.Namespaced), ordinal(b.Client.Namespaced)),
	)
}

func ordinal(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fold adds holdings up: those of the service accounts of one namespace that ask
// for the same as far as there is room, the others by level and schema.
func fold(all []*holding) []*holding {
	groups, rest := foldGroups(all)
	return append(groups, foldRest(rest)...)
}

// foldGroups adds up what the service accounts of a namespace hold, so that many
// small ones are seen as what they are together.
func foldGroups(all []*holding) (groups, rest []*holding) {
	type kind struct {
		client        plane.Client
		level, schema string
	}
	byKind := map[kind][]*holding{}
	for _, h := range all {
		namespace, _, ok := h.Client.ServiceAccount()
		if !ok || h.Client.Resource == "" {
			rest = append(rest, h)
			continue
		}
		k := kind{h.Client, h.Level, h.Schema}
		k.client.User = plane.Group(namespace)
		byKind[k] = append(byKind[k], h)
	}
	for k, members := range byKind {
		g := &holding{Held: plane.Held{Client: k.client, Members: len(members), Level: k.level, Schema: k.schema}}
		for _, h := range members {
			g.merge(h)
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, heavier)
	if len(groups) > maxGroups {
		for _, g := range groups[maxGroups:] {
			g.Members = 0
			rest = append(rest, g)
		}
		groups = groups[:maxGroups]
	}
	return groups, rest
}

func foldRest(all []*holding) []*holding {
	type place struct{ level, schema string }
	byPlace := map[place]*holding{}
	var folded []*holding
	for _, h := range all {
		at := place{h.Level, h.Schema}
		if _, ok := byPlace[at]; !ok && len(byPlace) >= maxOthers {
			at = place{}
		}
		if _, ok := byPlace[at]; !ok {
			byPlace[at] = &holding{Held: plane.Held{Client: plane.Client{User: OthersUser}, Level: at.level, Schema: at.schema}}
			folded = append(folded, byPlace[at])
		}
		byPlace[at].merge(h)
	}
	return folded
}
