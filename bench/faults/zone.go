// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/stage"
)

const (
	// outOfService is the taint by which whoever knows that a node is off says so: what
	// ran there is deleted by force, for nothing there can answer. Without it pods wait
	// five minutes for their eviction, and those of a StatefulSet forever.
	outOfService = "node.kubernetes.io/out-of-service"
	// givenUpWithin bounds the wait for the host to notice that a node is off, and
	// forcedWithin that for its pods to be deleted, which is looked at every 20 s.
	givenUpWithin = 40 * time.Second
	forcedWithin  = 90 * time.Second
	taintWithin   = 10 * time.Second
	// returnWithin bounds the start of a node, spreadWithin the wait for replicas and
	// members to be spread again.
	returnWithin = 30 * time.Second
	spreadWithin = 4 * time.Minute
)

// cut cuts the power of a zone for as long as it takes until nothing is left there in the
// eyes of the host cluster, and has it return: nothing then runs in the zone but what is
// placed there anew.
func (r *run) cut(ctx context.Context, draw int) error {
	zones := stage.Zones()
	zone := zones[draw%len(zones)]
	s := Strike{Kind: Zone, Target: "zone " + zone, Member: true, Carriers: map[string]bool{}}
	apiservers, err := r.stage.Tenant.Replicas(ctx)
	if err != nil {
		return err
	}
	for _, a := range apiservers {
		if a.Zone == zone {
			s.Carriers[a.Name] = true
		}
	}
	leader := r.leads(ctx)
	s.Leader, s.Led = leader.Name, leader.Zone == zone
	s.At = time.Now()
	r.watch.strikes(s.At)
	defer func() { r.watch.heals(time.Now()) }()
	r.dark = zone
	if err := r.stage.Cut(zone); err != nil {
		return err
	}
	r.Logf("cut the power of zone %s", zone)
	r.resume(ctx, &s)
	if err := r.giveUp(ctx, zone); err != nil {
		s.late("given up", err)
	}
	began := time.Now()
	if err := r.restore(ctx, zone); err != nil {
		return err
	}
	if err := await.Until(ctx, spreadWithin, askEvery, "replicas and members to be spread over three zones", func(ctx context.Context) error {
		return r.look(ctx, zonesWanted)
	}); err != nil {
		s.late("spread", err)
	} else {
		s.Ready = time.Since(began)
	}
	return r.note(ctx, s)
}

// giveUp waits until the host has noticed, says that the node is off for good, and waits
// until the tenant's pods there are deleted.
func (r *run) giveUp(ctx context.Context, zone string) error {
	name := stage.Node(zone)
	err := await.Until(ctx, givenUpWithin, askEvery, "the host to notice that "+name+" is off", func(ctx context.Context) error {
		n, err := r.host.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
				return errors.New("it is said to be ready")
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.taint(ctx, name, true); err != nil {
		return err
	}
	there := fields.OneTermEqualSelector("spec.nodeName", name).String()
	return await.Until(ctx, forcedWithin, askEvery, "the pods of "+name+" to be deleted by force", func(ctx context.Context) error {
		pods, err := r.host.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{FieldSelector: there})
		if err != nil {
			return err
		}
		if len(pods.Items) > 0 {
			return fmt.Errorf("%d are left", len(pods.Items))
		}
		return nil
	})
}

// restore has a zone return.
func (r *run) restore(ctx context.Context, zone string) error {
	ctx, cancel := context.WithTimeout(ctx, returnWithin)
	defer cancel()
	if err := r.stage.Return(ctx, zone); err != nil {
		return err
	}
	r.dark = ""
	r.Logf("zone %s has returned", zone)
	return r.taint(ctx, stage.Node(zone), false)
}

// taint puts a node out of service, or back into it. Controllers taint as well meanwhile:
// the version keeps theirs, and a conflict is tried again.
func (r *run) taint(ctx context.Context, name string, out bool) error {
	return await.Until(ctx, taintWithin, askEvery, "Node "+name+" to be tainted", func(ctx context.Context) error {
		n, err := r.host.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == outOfService })
		if out {
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: outOfService, Value: "nodeshutdown", Effect: corev1.TaintEffectNoExecute})
		}
		_, err = r.host.CoreV1().Nodes().Update(ctx, n, metav1.UpdateOptions{})
		return err
	})
}

// light has a zone return that is still cut at the end, so that its pods can be stopped.
func (r *run) light() {
	if r.dark == "" {
		return
	}
	if err := r.restore(context.Background(), r.dark); err != nil {
		r.Logf("at the end: %v", err)
	}
}
