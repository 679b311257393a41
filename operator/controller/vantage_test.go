// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/controller"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/operator/sla/vantage"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// outlook is what a world's operator looks from.
type outlook struct {
	books  *ledger.Books
	series *prometheus.Registry
}

// lookFrom gives the operator of a world a vantage point.
func (w *world) lookFrom(m ctrl.Manager, r *controller.Reconciler) {
	w.t.Helper()
	books := &ledger.Books{}
	points := &vantage.Points{
		Client: m.GetClient(), Reader: m.GetAPIReader(), Self: "point", Namespace: w.ns, Now: w.now, Leading: m.Elected(), Settle: time.Second,
		Seen: func() map[types.NamespacedName]sla.Look { return books.Looks("point") },
	}
	r.Books, r.Points = books, points
	v := &controller.Vantage{Client: m.GetClient(), Host: m.GetAPIReader(), Now: w.now, Watch: &probe.Watch{}, Books: books, Points: points}
	if err := v.SetupWithManager(m); err != nil {
		w.t.Fatal(err)
	}
	if err := m.Add(&ledger.Keeper{Client: m.GetClient(), Reader: m.GetAPIReader(), Books: books, Points: points, Now: w.now}); err != nil {
		w.t.Fatal(err)
	}
	collector, err := ledger.NewCollector(books, points, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	w.outlook = &outlook{books: books, series: prometheus.NewRegistry()}
	w.outlook.series.MustRegister(collector)
}

// answering is a tenant whose apiservers answer at the addresses of the world's pods, and
// its balancer at another.
type answering struct {
	port      int32
	code      atomic.Int32
	requests  atomic.Int64
	balancers atomic.Int64
	writes    atomic.Int64
	deletes   atomic.Int64
}

// tenantAnswers has servers answer at the addresses of both pods and at that of a balancer.
func (w *world) tenantAnswers() *answering {
	w.t.Helper()
	a := &answering{}
	a.code.Store(http.StatusOK)
	var ca []byte
	for i, ip := range []string{"127.77.0.1", "127.77.0.2", "127.77.0.9"} {
		l, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", net.JoinHostPort(ip, strconv.Itoa(int(a.port))))
		if err != nil {
			w.t.Fatal(err)
		}
		a.port = int32(l.Addr().(*net.TCPAddr).Port) //nolint:gosec,forcetypeassert // a port of TCP
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			a.requests.Add(1)
			if i == 2 {
				a.balancers.Add(1)
			}
			switch r.Method {
			case http.MethodPatch:
				a.writes.Add(1)
			case http.MethodDelete:
				a.deletes.Add(1)
			}
			rw.WriteHeader(int(a.code.Load()))
		}))
		_ = s.Listener.Close()
		s.Listener, s.EnableHTTP2, s.Config.ErrorLog = l, true, log.New(io.Discard, "", 0)
		s.StartTLS()
		w.t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
		ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	}
	w.changeSecret("access", fmt.Appendf(nil, `
current-context: default
contexts: [{name: default, context: {cluster: tenant, user: evenkeel}}]
clusters: [{name: tenant, cluster: {server: "https://example.com:6443", certificate-authority-data: %s}}]
users: [{name: evenkeel, user: {token: mine}}]
`, base64.StdEncoding.EncodeToString(ca)))
	svc := &corev1.Service{ObjectMeta: w.named("balancer"), Spec: corev1.ServiceSpec{
		Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 6443}},
	}}
	w.create(svc)
	svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "127.77.0.9"}}
	if err := w.Status().Update(w.t.Context(), svc); err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) changeSecret(name string, kubeconfig []byte) {
	w.t.Helper()
	var s corev1.Secret
	if err := w.Get(w.t.Context(), client.ObjectKey{Namespace: w.ns, Name: name}, &s); err != nil {
		w.t.Fatal(err)
	}
	s.Data["kubeconfig"] = kubeconfig
	if err := w.Update(w.t.Context(), &s); err != nil {
		w.t.Fatal(err)
	}
}

// pointsHere lets the operator keep its vantage point in the world's own namespace, by the
// shipped rules.
func (w *world) pointsHere() {
	w.t.Helper()
	var role rbacv1.Role
	if err := w.Get(w.t.Context(), client.ObjectKey{Namespace: "evenkeel-system", Name: "evenkeel-leader"}, &role); err != nil {
		w.t.Fatal(err)
	}
	w.create(&rbacv1.Role{ObjectMeta: w.named("evenkeel-leader"), Rules: role.Rules})
	w.create(&rbacv1.RoleBinding{
		ObjectMeta: w.named("evenkeel-leader"), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "evenkeel-leader"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: "evenkeel", Namespace: "evenkeel-system"}},
	})
}

// told is the value of one of the control plane's series; labels is what else it has.
func (w *world) told(name string, labels ...string) float64 {
	w.t.Helper()
	families, err := w.outlook.series.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			has := 0
			for _, l := range m.GetLabel() {
				for _, want := range labels {
					if l.GetValue() == want {
						has++
					}
				}
			}
			if has == len(labels) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

// A control plane that serves is up, with every door asked and a write through the balancer;
// one that does not is down, and says so in its status, its series, its vantage point's object
// and, when the minute is over, its ledger. All is well again when it is.
func TestAnOutageIsSeenFromOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pointsHere()
	w.looks = true
	a := w.tenantAnswers()
	w.start()
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		cpp.Spec.Mode = v1alpha1.ModeEnforce
		cpp.Spec.APIServer.Port = a.port
		cpp.Spec.Access.Balancer = &v1alpha1.BalancerSpec{ServiceName: "balancer", Port: a.port}
		cpp.Spec.Availability.Probes.IntervalSeconds = 5
		cpp.Spec.Availability.Target = "99.9"
	})
	w.await(func() string {
		if a.balancers.Load() < 3 || a.writes.Load() < 1 || a.requests.Load() < 7 {
			return fmt.Sprintf("%d requests, %d at the balancer, %d writes", a.requests.Load(), a.balancers.Load(), a.writes.Load())
		}
		return ""
	})
	if up, target := w.told("evenkeel_down"), w.told("evenkeel_sla_target_ratio"); up != 0 || target != 0.999 {
		t.Errorf("down is %v, the target %v", up, target)
	}
	a.code.Store(http.StatusInternalServerError)
	w.await(func() string {
		s := w.seen("acme").Status.SLA
		if s == nil || s.DownSince == nil || !strings.Contains(s.Message, "the balancer: Read is answered 500 (seen from point alone)") {
			return fmt.Sprintf("the status says %+v", s)
		}
		if w.told("evenkeel_down") != 1 || w.told("evenkeel_down_seconds") <= 0 {
			return "the series do not say that it is down"
		}
		var p v1alpha1.VantagePoint
		if err := w.Get(t.Context(), client.ObjectKey{Namespace: w.ns, Name: "point"}, &p); err != nil || p.DownCount != 1 || p.Down[0].Name != "acme" || !p.Leading || !p.Candidate {
			return fmt.Sprintf("the vantage point says %+v, %v", p, err)
		}
		return ""
	})
	// For so long that of one of the minutes enough was seen, wherever they begin: more than
	// twice the twenty seconds that it takes.
	for rounds := 2.0; rounds <= 10; rounds += 2 {
		w.await(func() string {
			if n := w.told("evenkeel_probe_rounds_total", "down"); n < rounds {
				return fmt.Sprintf("%v rounds were down", n)
			}
			return ""
		})
	}
	w.ahead.Store(int64(2 * time.Minute)) // the minutes are over, and those that nobody saw as well
	w.await(func() string {
		var l v1alpha1.AvailabilityLedger
		if err := w.Get(t.Context(), client.ObjectKey{Namespace: w.ns, Name: "acme"}, &l); err != nil {
			return err.Error()
		}
		kept, err := ledger.Load(&l)
		if err != nil {
			t.Fatal(err)
		}
		if n := kept.Totals(0, 1<<40).Bad; n < 1 || len(l.Outages) < 1 || l.Summary.BadMinutes != int32(n) { //nolint:gosec // a few
			return fmt.Sprintf("the ledger has %+v", l)
		}
		if s := w.seen("acme").Status.SLA; s.BadMinutes < 1 || s.BudgetLeft == "" || s.Target != "99.9" {
			return fmt.Sprintf("the status says %+v", s)
		}
		return ""
	})
	a.code.Store(http.StatusOK)
	w.await(func() string {
		if s := w.seen("acme").Status.SLA; s.DownSince != nil || s.Message != "" || w.told("evenkeel_down") != 0 {
			return fmt.Sprintf("it is well again, and the status says %+v", s)
		}
		return ""
	})
	if err := w.Delete(t.Context(), w.seen("acme")); err != nil {
		t.Fatal(err)
	}
	w.await(func() string {
		if _, is := w.outlook.books.All()[types.NamespacedName{Namespace: w.ns, Name: "acme"}]; is {
			return "its book is still open"
		}
		if n := a.deletes.Load(); n != 1 {
			return fmt.Sprintf("what probes wrote is deleted %d times", n)
		}
		return ""
	})
	var l v1alpha1.AvailabilityLedger
	if err := w.Get(t.Context(), client.ObjectKey{Namespace: w.ns, Name: "acme"}, &l); err != nil {
		t.Errorf("the ledger is gone with its profile: %v", err)
	}
}

// In mode Recommend nothing is written to a tenant, not even to see whether it can be.
func TestRecommendProbesDoNotWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pointsHere()
	w.looks = true
	a := w.tenantAnswers()
	w.start()
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		cpp.Spec.APIServer.Port = a.port
		cpp.Spec.Availability.Probes.IntervalSeconds = 5
	})
	w.await(func() string {
		if a.requests.Load() < 8 {
			return "it is not asked"
		}
		return ""
	})
	if n := a.writes.Load(); n > 0 || a.balancers.Load() > 0 {
		t.Errorf("%d writes, and %d requests to a balancer that is not named", n, a.balancers.Load())
	}
	if v := w.told("evenkeel_probe_rounds_total", "up"); v < 1 {
		t.Errorf("%v rounds were up", v)
	}
	if _, ok := w.outlook.books.All()[types.NamespacedName{Namespace: w.ns, Name: "acme"}]; !ok {
		t.Error("it has no book")
	}
}
