// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/stage"
	"evenkeel.dev/evenkeel/bench/testbed/tenant"
)

const (
	// resumeWithin and readyWithin bound the waits for writes to go on and for what died
	// to be ready again: a container that has died before waits for its back-off first.
	resumeWithin = time.Minute
	readyWithin  = 6 * time.Minute
	// askEvery is how often what is waited for is asked about.
	askEvery = 50 * time.Millisecond
)

// strike carries out a fault and waits until it is over. What does not come within its
// bound is noted in the strike; the error says that the play cannot go on.
func (r *run) strike(ctx context.Context, kind Kind, draw int) error {
	switch kind {
	case Zone:
		return r.cut(ctx, draw)
	case Member:
		return r.kill(ctx, Strike{Kind: kind, Member: true}, draw, r.stage.Tenant.Members, r.ready)
	case APIServer:
		return r.kill(ctx, Strike{Kind: kind}, draw, r.stage.Tenant.Replicas, r.ready)
	case Operator:
		return r.killOperator(ctx)
	default:
		return fmt.Errorf("there is no fault of the kind %q", kind)
	}
}

// kill kills one of the processes that list tells of, and waits until back says that it is
// ready again.
func (r *run) kill(ctx context.Context, s Strike, draw int, list func(context.Context) ([]tenant.Replica, error), back func(context.Context, tenant.Replica) error) error {
	all, err := list(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("there is no %s to kill", s.Kind)
	}
	victim := all[draw%len(all)]
	s.Target = victim.Name
	if s.Kind == APIServer {
		s.Carriers = map[string]bool{victim.Name: true}
	}
	s.Leader = r.leads(ctx).Name
	s.Led = s.Leader == victim.Name
	s.At = time.Now()
	if s.Member {
		r.watch.strikes(s.At)
		defer func() { r.watch.heals(time.Now()) }()
	}
	if err := r.stage.KillPod(victim.Node, stage.TenantNamespace, victim.Name); err != nil {
		return err
	}
	r.Logf("killed %s in zone %s", victim.Name, victim.Zone)
	r.resume(ctx, &s)
	if err := back(ctx, victim); err != nil {
		s.late("ready", err)
	} else {
		s.Ready = time.Since(s.At)
	}
	return r.note(ctx, s)
}

// ready waits until a pod has been started again and is ready.
func (r *run) ready(ctx context.Context, was tenant.Replica) error {
	list := r.stage.Tenant.Replicas
	if strings.HasPrefix(was.Name, "etcd") {
		list = r.stage.Tenant.Members
	}
	return await.Until(ctx, readyWithin, askEvery, was.Name+" to be ready again", func(ctx context.Context) error {
		all, err := list(ctx)
		if err != nil {
			return err
		}
		for _, p := range all {
			if p.Name == was.Name && p.Ready && (p.Restarts > was.Restarts || p.UID != was.UID) {
				return nil
			}
		}
		return errors.New("it is not")
	})
}

// resume waits until writes go on: the first one that is sent after the fault and is
// acknowledged, and one of every writer.
func (r *run) resume(ctx context.Context, s *Strike) {
	err := await.Until(ctx, resumeWithin, askEvery, "every writer to write again", func(context.Context) error {
		first, every := r.load.resumed(s.At)
		if !first.IsZero() {
			s.First = first.Sub(s.At)
		}
		if every.IsZero() {
			return errors.New("one has not")
		}
		s.Every = every.Sub(s.At)
		return nil
	})
	if err != nil {
		s.late("writes", err)
	}
}

// note adds a strike to the outcome and tells of it.
func (r *run) note(ctx context.Context, s Strike) error {
	if ctx.Err() != nil {
		return ctx.Err() // cut off, and so not judged
	}
	r.out.Strikes = append(r.out.Strikes, s)
	told := fmt.Sprintf("%s: the first write after %.2f s, every writer's after %.2f s, ready again after %.1f s",
		s.Target, s.First.Seconds(), s.Every.Seconds(), s.Ready.Seconds())
	if len(s.Late) > 0 {
		told += "; too late: " + strings.Join(s.Late, ", ")
	}
	r.Logf("%s; %d critical requests have failed so far", told, len(r.load.failures()))
	return nil
}

func (s *Strike) late(what string, err error) {
	s.Late = append(s.Late, fmt.Sprintf("%s (%v)", what, err))
}

// whole waits until every member and replica is ready and the balancer knows them all: a
// fault on top of another is not what is played.
func (r *run) whole(ctx context.Context) error {
	return await.Until(ctx, wholeWithin, askEvery, "the control plane to be whole before the next fault", func(ctx context.Context) error {
		return r.look(ctx, 1)
	})
}

// look is an error unless all members and replicas are ready, over so many zones at least.
func (r *run) look(ctx context.Context, zones int) error {
	etcds, err := r.stage.Tenant.Members(ctx)
	if err != nil {
		return err
	}
	apiservers, err := r.stage.Tenant.Replicas(ctx)
	if err != nil {
		return err
	}
	if err := spread(etcds, members, zones); err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	if err := spread(apiservers, replicas, zones); err != nil {
		return fmt.Errorf("apiservers: %w", err)
	}
	n := 0
	for _, b := range r.stage.Tenant.Backends() {
		if b.Ready {
			n++
		}
	}
	if n < len(apiservers) {
		return fmt.Errorf("the balancer has %d of %d replicas", n, len(apiservers))
	}
	return nil
}

// spread is an error unless all pods are ready, so many at least, and run in so many zones,
// as even as they can.
func spread(all []tenant.Replica, least, zones int) error {
	in := map[string]int{}
	ready, most := 0, 0
	for _, p := range all {
		if !p.Ready {
			continue
		}
		ready++
		in[p.Zone]++
		most = max(most, in[p.Zone])
	}
	even := (ready + zones - 1) / zones
	if ready < len(all) || ready < least || len(in) < zones || zones > 1 && most > even {
		return fmt.Errorf("%d of %d pods are ready, %d in the fullest of %d zones; wanted are %d or more in %d", ready, len(all), most, len(in), least, zones)
	}
	return nil
}
