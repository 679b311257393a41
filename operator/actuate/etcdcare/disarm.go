// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package etcdcare

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/etcdapi"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// disarmsIn bounds the call for one alarm.
	disarmsIn = 5 * time.Second
	// roomy is below how much of its quota every member's file must be.
	roomy = 0.90
)

// Disarm takes the alarm of no space back, of every member that has raised it, and says
// what went wrong; nil when no member knows of it any more. Nothing is done unless all
// members answer and keep up, the alarm is there and no other, and the file of every member
// is below 90 % of its quota.
func Disarm(ctx context.Context, a *access.Access, members []Member) (Done, *plane.Fault) {
	h, fault := open(a, members, "taking back etcd's alarm of no space")
	if fault != nil {
		return Done{}, fault
	}
	defer h.close()
	seen, fault := h.sound(ctx)
	if fault != nil {
		return Done{}, fault
	}
	if fault := h.full(seen); fault != nil {
		return Done{}, fault
	}
	began := time.Now()
	raised, err := h.alarms(ctx, leads(seen))
	if err != nil {
		return Done{}, etcdapi.FaultOf(h.attempted+": listing the alarms", err, disarmsIn)
	}
	if fault := h.other(raised); fault != nil {
		return Done{}, fault
	}
	ctx, fault = h.commit(ctx)
	if fault != nil {
		return Done{}, fault
	}
	for _, alarm := range raised {
		if err := h.disarm(ctx, leads(seen), alarm); err != nil {
			return Done{}, etcdapi.FaultOf(fmt.Sprintf("%s, raised by member %x", h.attempted, alarm.MemberID), err, disarmsIn)
		}
	}
	var now []told
	if !await(ctx, func(ctx context.Context) bool {
		now = h.look(ctx)
		return !slices.ContainsFunc(now, func(t told) bool { return t.fault != nil || t.noSpace })
	}) {
		return Done{}, h.fault(v1alpha1.ReasonNotReadBack, "it was done, and the alarm is still there, or again")
	}
	return Done{Took: time.Since(began)}, nil
}

// full says which member has no room, or that it is not known; nil when all have.
func (h *hands) full(seen []told) *plane.Fault {
	for i, t := range seen {
		switch name := h.members[i].Name; {
		case t.quota <= 0 || t.size <= 0:
			return h.refused("the size of %s or its quota is not known", name)
		case float64(t.size) >= roomy*float64(t.quota):
			return h.refused("%s has %d bytes of a quota of %d: the next writes would raise the alarm again", name, t.size, t.quota)
		}
	}
	return nil
}

// other says that another alarm is raised than that of no space, or none; nil when it is
// that alone.
func (h *hands) other(raised []*etcdserverpb.AlarmMember) *plane.Fault {
	if len(raised) == 0 {
		return h.refused("no alarm is raised")
	}
	for _, alarm := range raised {
		if alarm.GetAlarm() != etcdserverpb.AlarmType_NOSPACE {
			return h.refused("member %x has raised the alarm %s", alarm.MemberID, alarm.GetAlarm())
		}
	}
	return nil
}

func (h *hands) alarms(ctx context.Context, i int) ([]*etcdserverpb.AlarmMember, error) {
	ctx, cancel := context.WithTimeout(ctx, disarmsIn)
	defer cancel()
	list, err := h.calls[i].AlarmList(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", h.members[i].Name, err)
	}
	return list.Alarms, nil
}

// disarm takes one alarm back by its member and kind: without them etcd's client would take
// back all that there are.
func (h *hands) disarm(ctx context.Context, i int, alarm *etcdserverpb.AlarmMember) error {
	ctx, cancel := context.WithTimeout(ctx, disarmsIn)
	defer cancel()
	_, err := h.calls[i].AlarmDisarm(ctx, &clientv3.AlarmMember{MemberID: alarm.MemberID, Alarm: etcdserverpb.AlarmType_NOSPACE})
	return err
}
