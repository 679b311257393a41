// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controller reconciles ControlPlaneProfiles. A pass is a short list of
// steps, a file each: see that no other profile has the target (claim.go), find
// the workload and its pods (resolve.go), get at the tenant (access.go), look,
// decide and carry out (pass.go), write the status once (status.go), and only then
// tell of it by events and metrics (tell.go). What is kept from pass to pass is in
// fleet.go; a profile that is deleted takes another way (finalize.go).
//
// What a step cannot find or may not do is a fault: a reason and what to do about
// it. A fault ends the pass; it becomes a condition, and nothing is written to the
// tenant. Decisions are the recommender's alone.
package controller

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/operator/sla/vantage"
	"evenkeel.dev/evenkeel/recommender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Options are the operator's intervals and bounds.
type Options struct {
	// Tick is the time between two looks when all is calm, FastTick when the
	// recommender asks to look closer, Pulse that between two pulses.
	Tick, FastTick, Pulse time.Duration
	// Concurrency is how many control planes are looked at side by side.
	Concurrency int
}

// DefaultOptions are what the shipped Deployment runs with.
func DefaultOptions() Options {
	return Options{Tick: 5 * time.Second, FastTick: 250 * time.Millisecond, Pulse: 250 * time.Millisecond, Concurrency: 8}
}

const (
	// passWithin bounds one pass over one control plane.
	passWithin = 15 * time.Second
	// writeWithin bounds the status write after it, which a slow pass must not cost.
	writeWithin = 5 * time.Second
	// retryFirst and retryLast are how long is waited after an error of the host's
	// API. The usual cap of a quarter of an hour would have an operator sleep long
	// after the host is well again.
	retryFirst, retryLast = 200 * time.Millisecond, 10 * time.Second
)

// Decider is recommender.Decide.
type Decider func(s plane.Snapshot, p plane.Profile, m plane.Memory, now time.Time) (plane.Plan, plane.Memory)

// Reconciler reconciles ControlPlaneProfiles.
type Reconciler struct {
	// Client reads workloads, pods and nodes from a cache and writes profiles.
	Client client.Client
	// Host reads Secrets and namespaces one by one, never from a cache: the operator
	// may not list them.
	Host   client.Reader
	Events events.EventRecorder
	// Open makes the way into a tenant.
	Open Opener
	// Decide decides; nil is recommender.Decide.
	Decide Decider
	// Usage tells what pods use; nil has nothing sized.
	Usage Usage
	// Books are those of what was promised, and Points the vantage points; nil keeps none.
	Books  *ledger.Books
	Points *vantage.Points
	// History remembers what passes have seen; nil remembers nothing.
	History *history.Store
	// Now is the clock.
	Now     func() time.Time
	Options Options

	fleet *fleet
}

// SetupWithManager registers the reconciler.
func (r *Reconciler) SetupWithManager(m ctrl.Manager) error {
	r.fleet = newFleet()
	if r.Decide == nil {
		r.Decide = recommender.Decide
	}
	err := ctrl.NewControllerManagedBy(m).
		Named("controlplaneprofile").
		For(&v1alpha1.ControlPlaneProfile{}, builder.WithPredicates(changed())).
		WatchesRawSource(source.Channel(r.fleet.wake, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: r.Options.Concurrency,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryFirst, retryLast),
		}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of ControlPlaneProfiles: %w", err)
	}
	return nil
}

// Reconcile makes one pass over one control plane.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	cpp := &v1alpha1.ControlPlaneProfile{}
	if err := r.Client.Get(ctx, request.NamespacedName, cpp); err != nil {
		if apierrors.IsNotFound(err) {
			r.fleet.drop(request.NamespacedName)
			r.History.Drop(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading ControlPlaneProfile %s: %w", request.NamespacedName, err)
	}
	p := r.begin(cpp)
	if !cpp.DeletionTimestamp.IsZero() {
		return p.finalize(ctx)
	}
	if err := p.run(ctx); err != nil {
		return ctrl.Result{}, err
	}
	p.account()
	p.measure()
	if err := p.writeStatus(ctx); err != nil {
		// The tenant is looked after whether or not the host can be told of it; what
		// was decided is kept to be told when it can.
		log.FromContext(ctx).Error(err, "The status is written with the next pass")
		return ctrl.Result{RequeueAfter: p.next()}, nil
	}
	p.tell()
	return ctrl.Result{RequeueAfter: p.next()}, nil
}

// begin starts a pass with what is kept of the passes before. The status is taken
// from there as well: the cache may not have seen the last write yet.
func (r *Reconciler) begin(cpp *v1alpha1.ControlPlaneProfile) *pass {
	p := &pass{r: r, cpp: cpp, kept: r.fleet.of(cpp), now: r.Now()}
	if p.kept.status == nil {
		p.kept.status, p.kept.trouble = cpp.Status.DeepCopy(), trouble(&cpp.Status)
		forsaken(p.kept.status.Decisions)
	}
	p.status = p.kept.status.DeepCopy()
	return p
}

// run takes the steps of a pass; a fault ends it, and is what its status tells.
func (p *pass) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, passWithin)
	defer cancel()
	for _, step := range []func(context.Context) error{
		p.dropVPAs, p.dropScaler, p.dropRollouts, p.claim, p.resolve, p.enter, p.keepFinalizer, p.observe, p.readFlags, p.readResources, p.seeSizes, p.seeScale,
		p.decide, p.carryOut, p.keepVPAs, p.keepScaler, p.tellRollouts, p.saveSizes, p.dropProbe,
	} {
		err := step(ctx)
		if fault, ok := asFault(err); ok {
			p.hold(fault)
			p.letOthersGoOn(ctx, fault)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keepFinalizer makes sure, before anything is written to the tenant or to an autoscaler
// that may be somebody's, that the profile is not deleted without both being left as found.
func (p *pass) keepFinalizer(ctx context.Context) error {
	if !p.enforces() && !p.keepsVPAs() && !p.keepsScaler() || controllerutil.ContainsFinalizer(p.cpp, v1alpha1.Finalizer) {
		return nil
	}
	before := p.cpp.DeepCopy()
	controllerutil.AddFinalizer(p.cpp, v1alpha1.Finalizer)
	if err := p.r.Client.Patch(ctx, p.cpp, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("adding the finalizer to %s/%s: %w", p.cpp.Namespace, p.cpp.Name, err)
	}
	return nil
}

// changed lets a change of the spec, of an annotation or a deletion through, and
// not the operator's own status writes.
func changed() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
}
