// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/operator/sla/vantage"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// vantageSecretEvery is how often a vantage point reads the access Secret: every operator
// replica does, and probes need less of it than a pass. One that is turned away reads it at
// its next round.
const vantageSecretEvery = 5 * time.Minute

// Vantage has every control plane that has a profile asked whether it serves. It runs on
// every operator replica, whoever leads.
type Vantage struct {
	Client client.Client
	// Host reads Secrets.
	Host   client.Reader
	Now    func() time.Time
	Watch  *probe.Watch
	Books  *ledger.Books
	Points *vantage.Points

	mu   sync.Mutex
	ways map[types.NamespacedName]*way
}

// way is how one control plane is reached: with credentials that were read of a Secret, for a
// generation of a profile; turnedDown is whether they have been refused since, and tried when
// they were last asked for.
type way struct {
	access      *access.Access
	read, tried time.Time
	uid         types.UID
	generation  int64
	turnedDown  bool
}

// fresh tells whether the credentials need not be read anew: they were read a short while
// ago for this profile and nobody has refused them, or they could not be read a moment ago.
func (w *way) fresh(cpp *v1alpha1.ControlPlaneProfile, now time.Time) bool {
	switch same := w.uid == cpp.UID && w.generation == cpp.Generation; {
	case w.access == nil, !same:
		return false
	case now.Sub(w.tried).Abs() < secretEvery:
		return true
	default:
		return !w.turnedDown && now.Sub(w.read).Abs() < vantageSecretEvery
	}
}

// SetupWithManager registers what follows the profiles, and has the rounds begin.
func (v *Vantage) SetupWithManager(m ctrl.Manager) error {
	v.ways = map[types.NamespacedName]*way{}
	v.Watch.Now, v.Watch.Find, v.Watch.Told = v.Now, v.find, v.told
	err := ctrl.NewControllerManagedBy(m).
		Named("vantagepoint").
		For(&v1alpha1.ControlPlaneProfile{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(controller.Options{NeedLeaderElection: new(bool)}).
		Complete(v)
	if err != nil {
		return fmt.Errorf("setting up the vantage point's controller: %w", err)
	}
	for _, r := range []interface {
		Start(context.Context) error
		NeedLeaderElection() bool
	}{v.Watch, v.Points} {
		if err := m.Add(r); err != nil {
			return fmt.Errorf("setting up the vantage point: %w", err)
		}
	}
	return nil
}

// Reconcile has a control plane asked as long as it has a profile.
func (v *Vantage) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var cpp v1alpha1.ControlPlaneProfile
	err := v.Client.Get(ctx, request.NamespacedName, &cpp)
	switch {
	case apierrors.IsNotFound(err) || err == nil && !cpp.DeletionTimestamp.IsZero():
		v.Watch.Drop(request.NamespacedName)
		v.Books.Drop(request.NamespacedName)
		measured.Forget(request.NamespacedName)
		v.mu.Lock()
		delete(v.ways, request.NamespacedName)
		v.mu.Unlock()
	case err != nil:
		return ctrl.Result{}, fmt.Errorf("reading ControlPlaneProfile %s: %w", request.NamespacedName, err)
	default:
		v.Books.Open(request.NamespacedName).Promise(promised(&cpp), cpp.CreationTimestamp.Time)
		v.Watch.Set(request.NamespacedName)
	}
	return ctrl.Result{}, nil
}

// find says where a control plane is asked now. What the host cluster tells of it comes from
// the cache; credentials that cannot be read anew are as good as they were.
func (v *Vantage) find(ctx context.Context, key types.NamespacedName) (s probe.Subject, err error) {
	var cpp v1alpha1.ControlPlaneProfile
	if err := v.Client.Get(ctx, key, &cpp); err != nil {
		return s, fmt.Errorf("reading ControlPlaneProfile %s: %w", key, err)
	}
	probes := cpp.Spec.Availability.Probes
	s.Every = time.Duration(probes.IntervalSeconds) * time.Second
	// With the finalizer, without which what is written would outlive the profile.
	s.Writes = cpp.Annotations[v1alpha1.PausedAnnotation] != "true" && effective(cpp.Spec.Mode, probes.Write) == plane.Enforce &&
		controllerutil.ContainsFinalizer(&cpp, v1alpha1.Finalizer)
	if book := v.Books.Of(key); book != nil {
		s.Served = book.EverServed()
	}
	if told := cpp.Status.SLA; told != nil && told.Month != "" { // they are told of what has served
		s.Served = true
	}
	p := &pass{r: &Reconciler{Client: v.Client, Host: v.Host}, cpp: &cpp, now: v.Now(), status: &v1alpha1.ControlPlaneProfileStatus{}}
	if s.Access, err = v.access(ctx, key, p); err != nil {
		return s, err
	}
	return s, v.doors(ctx, p, &s)
}

// doors finds where it is asked: its replicas and its balancer. A workload that is not there
// is missed; a balancer that cannot be found leaves the replicas to be asked.
func (v *Vantage) doors(ctx context.Context, p *pass, s *probe.Subject) error {
	err := p.resolve(ctx)
	f, told := asFault(err)
	switch missing := told && f.Reason == v1alpha1.ReasonTargetNotFound; {
	case missing:
		s.Missing = f.Message
	case err != nil:
		return err
	case len(p.targets) == 0:
		s.Asleep = p.workloadNow.replicas == 0
		s.Missing = fmt.Sprintf("none of %d replicas of %s runs", p.workloadNow.replicas, p.targetName())
	}
	for _, t := range p.targets {
		s.Targets = append(s.Targets, probe.Target{Replica: t.Name, Address: t.Address})
	}
	s.Ready = int(p.status.ReadyReplicas)
	b := p.cpp.Spec.Access.Balancer
	if b == nil || s.Asleep {
		return nil
	}
	address, err := v.balancer(ctx, p.cpp.Namespace, *b)
	if err == nil {
		s.Targets = append([]probe.Target{{Address: address}}, s.Targets...)
	} else if len(s.Targets) == 0 {
		return err
	}
	return nil
}

// access are the credentials, as they were read last or are read now.
func (v *Vantage) access(ctx context.Context, key types.NamespacedName, p *pass) (*access.Access, error) {
	v.mu.Lock()
	w := v.ways[key]
	if w == nil {
		w = &way{}
		v.ways[key] = w
	}
	has, fresh := w.access, w.fresh(p.cpp, p.now)
	v.mu.Unlock()
	if fresh {
		return has, nil
	}
	ctx, cancel := context.WithTimeout(ctx, credentialsWithin)
	defer cancel()
	a, err := p.credentials(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	w.tried = p.now
	if err != nil {
		if has != nil && w.uid == p.cpp.UID {
			return has, nil // it may still open the door, and whether it does is what is asked
		}
		return nil, err
	}
	w.access, w.read, w.uid, w.generation, w.turnedDown = a, p.now, p.cpp.UID, p.cpp.Generation, false
	return a, nil
}

// credentialsWithin bounds the reading of the access Secret.
const credentialsWithin = 2 * time.Second

// balancer is the address of the tenant's balancer: that of the Service's load balancer or,
// where it has none, its cluster IP.
func (v *Vantage) balancer(ctx context.Context, namespace string, b v1alpha1.BalancerSpec) (string, error) {
	var s corev1.Service
	if err := v.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: b.ServiceName}, &s); err != nil {
		return "", fmt.Errorf("reading Service %s/%s, which access.balancer names: %w", namespace, b.ServiceName, err)
	}
	host := s.Spec.ClusterIP
	if host == corev1.ClusterIPNone {
		host = ""
	}
	for _, in := range s.Status.LoadBalancer.Ingress {
		if in.IP != "" {
			host = in.IP
			break
		}
		if in.Hostname != "" {
			host = in.Hostname
			break
		}
	}
	if host == "" || s.Spec.Type == corev1.ServiceTypeExternalName {
		return "", fmt.Errorf("service %s/%s, which access.balancer names, has no address: it needs a cluster IP or a load balancer", namespace, b.ServiceName)
	}
	return net.JoinHostPort(host, strconv.Itoa(int(orDefault(b.Port, defaultPort)))), nil
}

// defaultPort is the CRD's, for profiles that were stored before.
const defaultPort = 6443

// told takes in a round.
func (v *Vantage) told(key types.NamespacedName, r probe.Round) {
	book := v.Books.Of(key)
	if book == nil {
		return
	}
	book.Round(r, v.Points.Self, v.Points.Others(key))
	if r.Glance {
		return
	}
	if slices.ContainsFunc(r.Probes, refused) {
		v.mu.Lock()
		if w := v.ways[key]; w != nil {
			w.turnedDown = true
		}
		v.mu.Unlock()
	}
	tellProbes(key, r)
}

// refused tells whether a probe met with what other credentials may open: they are not known
// there, or whoever serves there is not known to them.
func refused(p sla.Probe) bool {
	return p.Code == http.StatusUnauthorized || p.Result == sla.Failed && p.Phase == sla.TLS
}
