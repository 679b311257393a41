// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vantage_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/vantage"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// settle is for how long the candidates of these tests stand back.
const settle = 4 * time.Second

// A candidate that has just begun does not take a Lease that is free while another one that
// lives could, does take it when that one does not, and leads at once where it is alone.
func TestTheLeadIsLeftToWhoHasLooked(t *testing.T) {
	config := newHost(t)
	t.Run("alone", func(t *testing.T) {
		e := newElection(t, config, time.Hour)
		e.run()
		e.await("it leads, an hour early", func() bool { return e.elector.IsLeader() })
	})
	t.Run("another that does not want to", func(t *testing.T) {
		e := newElection(t, config, settle)
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
		e := newElection(t, config, settle)
		e.rivalLives()
		e.run()
		e.hold("rival", 3600)
		e.await("it sees that another one leads", func() bool { return e.elector.GetLeader() == "rival" })
		if l := e.lease(); e.elector.IsLeader() || *l.Spec.HolderIdentity != "rival" || l.Spec.LeaseTransitions != nil {
			t.Errorf("it has led beside another one: %+v", l.Spec)
		}
	})
}

func newHost(t *testing.T) *rest.Config {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")
	}
	env := &envtest.Environment{CRDDirectoryPaths: []string{filepath.Join("..", "..", "..", "manifests", "crd")}, ErrorIfCRDPathMissing: true}
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	return config
}

// election is that of one candidate, in a namespace of its own, of a Lease that was held and
// is free.
type election struct {
	t       *testing.T
	admin   client.Client
	ns      string
	lead    *vantage.Lead
	elector *leaderelection.LeaderElector
}

func newElection(t *testing.T, config *rest.Config, settle time.Duration) *election {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	admin, err := client.New(config, client.Options{Scheme: s})
	if err != nil {
		t.Fatal(err)
	}
	e := &election{t: t, admin: admin, ns: "default"}
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{GenerateName: "evenkeel-", Namespace: e.ns}}
	if err := admin.Create(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	e.lead = &vantage.Lead{
		Interface: &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Namespace: e.ns, Name: lease.Name}, Client: clients.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: "self"},
		},
		Points: &vantage.Points{
			Client: admin, Reader: admin, Self: "self", Namespace: e.ns, Now: time.Now, Settle: settle, Leading: make(chan struct{}),
			Seen: func() map[types.NamespacedName]sla.Look { return nil },
		},
		Now: time.Now,
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
	if err := e.admin.Create(e.t.Context(), p); err != nil {
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
			if err := e.admin.Update(context.Background(), p); err != nil {
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
		if err := e.admin.Delete(context.Background(), p); err != nil {
			e.t.Error(err)
		}
	})
}

func (e *election) lease() *coordinationv1.Lease {
	e.t.Helper()
	var l coordinationv1.Lease
	name := e.lead.Interface.(*resourcelock.LeaseLock).LeaseMeta.Name //nolint:forcetypeassert // it is made above
	if err := e.admin.Get(e.t.Context(), client.ObjectKey{Namespace: e.ns, Name: name}, &l); err != nil {
		e.t.Fatal(err)
	}
	return &l
}

// hold has somebody else take the Lease.
func (e *election) hold(by string, seconds int32) {
	e.t.Helper()
	l, now := e.lease(), metav1.NowMicro()
	l.Spec = coordinationv1.LeaseSpec{HolderIdentity: &by, LeaseDurationSeconds: &seconds, AcquireTime: &now, RenewTime: &now}
	if err := e.admin.Update(e.t.Context(), l); err != nil {
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
