// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vantage_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/hosttest"
	"evenkeel.dev/evenkeel/operator/sla/vantage"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// host is the server of the package's tests, with Evenkeel's kinds.
var host client.Client

func TestMain(m *testing.M) {
	hosttest.MainWith(m, &host, func() (hosttest.Kinds, error) {
		return hosttest.Kinds{
			Add:  []func(*runtime.Scheme) error{scheme.AddToScheme, v1alpha1.AddToScheme},
			CRDs: []string{filepath.Join("..", "..", "..", "manifests", "crd")},
		}, nil
	})
}

// settle is for how long the candidates of these tests stand back.
const settle = 4 * time.Second

// A candidate that has just begun does not take a Lease that is free while another one that
// lives could, does take it when that one does not, and leads at once where it is alone.
func TestTheLeadIsLeftToWhoHasLooked(t *testing.T) {
	t.Run("alone", func(t *testing.T) {
		e := newElection(t, time.Hour)
		e.run()
		e.await("it leads, an hour early", func() bool { return e.elector.IsLeader() })
	})
	t.Run("another that does not want to", func(t *testing.T) {
		e := newElection(t, settle)
		e.rivalLives()
		began := time.Now()
		e.run()
		e.await("it leads", func() bool { return e.elector.IsLeader() })
		if took := time.Since(began); took < settle {
			t.Errorf("it led after %v, before the other had %v to", took, settle)
		}
		e.await("it renews its Lease", func() bool {
			s := e.lease().Spec
			return s.RenewTime.After(s.AcquireTime.Time)
		})
	})
	t.Run("another that leads meanwhile", func(t *testing.T) {
		e := newElection(t, settle)
		e.rivalLives()
		e.run()
		e.hold("rival", 3600)
		e.await("it sees that another one leads", func() bool { return e.elector.GetLeader() == "rival" })
		if l := e.lease(); e.elector.IsLeader() || *l.Spec.HolderIdentity != "rival" || l.Spec.LeaseTransitions != nil {
			t.Errorf("it has led beside another one: %+v", l.Spec)
		}
	})
}

// election is that of one candidate, in a namespace of its own, of a Lease that was held and
// is free.
type election struct {
	t       *testing.T
	ns      string
	lead    *vantage.Lead
	elector *leaderelection.LeaderElector
}

func newElection(t *testing.T, settle time.Duration) *election {
	t.Helper()
	e := &election{t: t, ns: "default"}
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{GenerateName: "evenkeel-", Namespace: e.ns}}
	if err := host.Create(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	clients, err := kubernetes.NewForConfig(hosttest.Config())
	if err != nil {
		t.Fatal(err)
	}
	e.lead = &vantage.Lead{
		Interface: &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Namespace: e.ns, Name: lease.Name}, Client: clients.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: "self"},
		},
		Points: &vantage.Points{
			Client: host, Reader: host, Self: "self", Namespace: e.ns, Now: time.Now, Settle: settle, Leading: make(chan struct{}),
			Seen: func() map[types.NamespacedName]sla.Look { return nil },
		},
	}
	e.elector, err = leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: e.lead, LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 200 * time.Millisecond,
		Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) {}, OnStoppedLeading: func() {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// run has the candidate stand, until the test ends.
func (e *election) run() {
	ctx, end := context.WithCancel(e.t.Context())
	heard, elected := make(chan error, 1), make(chan struct{})
	go func() { heard <- e.lead.Points.Start(ctx) }()
	go func() { e.elector.Run(ctx); close(elected) }()
	e.t.Cleanup(func() {
		end()
		<-elected
		if err := <-heard; err != nil {
			e.t.Error(err)
		}
	})
}

// rivalLives has another candidate say that it lives, until the test ends.
func (e *election) rivalLives() {
	e.t.Helper()
	p := &v1alpha1.VantagePoint{ObjectMeta: metav1.ObjectMeta{Name: "rival", Namespace: e.ns}, Candidate: true, Renewed: new(metav1.NowMicro())}
	if err := host.Create(e.t.Context(), p); err != nil {
		e.t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			case <-tick.C:
			}
			p.Renewed = new(metav1.NowMicro())
			if err := host.Update(context.Background(), p); err != nil {
				stopped <- err
				return
			}
		}
	}()
	e.t.Cleanup(func() {
		close(stop)
		if err := <-stopped; err != nil {
			e.t.Error(err)
		}
		if err := host.Delete(context.Background(), p); err != nil {
			e.t.Error(err)
		}
	})
}

func (e *election) lease() *coordinationv1.Lease {
	e.t.Helper()
	var l coordinationv1.Lease
	name := e.lead.Interface.(*resourcelock.LeaseLock).LeaseMeta.Name //nolint:forcetypeassert // it is made above
	if err := host.Get(e.t.Context(), client.ObjectKey{Namespace: e.ns, Name: name}, &l); err != nil {
		e.t.Fatal(err)
	}
	return &l
}

// hold has somebody else take the Lease.
func (e *election) hold(by string, seconds int32) {
	e.t.Helper()
	l, now := e.lease(), metav1.NowMicro()
	l.Spec = coordinationv1.LeaseSpec{HolderIdentity: &by, LeaseDurationSeconds: &seconds, AcquireTime: &now, RenewTime: &now}
	if err := host.Update(e.t.Context(), l); err != nil {
		e.t.Fatal(err)
	}
}

func (e *election) await(what string, holds func() bool) {
	e.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	e.t.Fatalf("in a minute it is not true that %s", what)
}
