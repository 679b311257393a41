// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/monitoring/series"
	"evenkeel.dev/evenkeel/operator/observe/etcdtest"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// etcd makes a StatefulSet of so many members with one pod, at an address.
func (w *world) etcd(replicas int32, ip string) {
	w.t.Helper()
	labels := map[string]string{"app": "etcd"}
	spec := corev1.PodSpec{NodeName: "node-a", Containers: []corev1.Container{{Name: "etcd", Image: "etcd"}}}
	w.create(&appsv1.StatefulSet{ObjectMeta: w.named("etcd"), Spec: appsv1.StatefulSetSpec{
		Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
	}})
	for name, owner := range map[string]string{"etcd-0": "etcd", "etcd-7": "another"} {
		p := &corev1.Pod{ObjectMeta: w.named(name), Spec: spec}
		p.Labels = labels
		p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: owner, UID: "0", Controller: new(true)}}
		w.create(p)
		p.Status = corev1.PodStatus{
			Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		}
		if err := w.Status().Update(w.t.Context(), p); err != nil {
			w.t.Fatal(err)
		}
	}
}

// awaitEtcd waits for a state of the condition EtcdHealthy, "status reason", and for
// a part of its message.
func (w *world) awaitEtcd(want, says string) {
	w.t.Helper()
	w.await(func() string {
		c := meta.FindStatusCondition(w.seen("acme").Status.Conditions, v1alpha1.ConditionEtcdHealthy)
		if c == nil {
			return "there is no condition"
		}
		if got := string(c.Status) + " " + c.Reason; got != want || !strings.Contains(c.Message, says) {
			return fmt.Sprintf("EtcdHealthy is %s: %s; want %s and %q", got, c.Message, want, says)
		}
		return ""
	})
}

// gauges waits until the gauges of the profile acme are as wanted, and gives those of etcd.
func (w *world) gauges(want map[string]float64) (got map[string]float64) {
	w.t.Helper()
	w.await(func() string {
		families, err := registry.Registry.Gather()
		if err != nil {
			return err.Error()
		}
		got = map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				labels := map[string]string{}
				for _, l := range m.GetLabel() {
					labels[l.GetName()] = l.GetValue()
				}
				if labels["namespace"] == w.ns && labels["name"] == "acme" && (labels["certificate"] == "" || labels["certificate"] == "etcd-client") {
					got[f.GetName()] = m.GetGauge().GetValue()
				}
			}
		}
		for name, value := range want {
			if is, told := got[name]; !told || is != value {
				return fmt.Sprintf("%s is %v (%v), want %v", name, is, told, value)
			}
		}
		return ""
	})
	return got
}

// A real etcd behind a profile: seen with its Secret and not without, missed when it
// is gone, and never in the way of a pass.
func TestTheMembersOfAProfile(t *testing.T) {
	e := etcdtest.Start(t, 1)
	host, portText, err := net.SplitHostPort(e.Members[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.etcd(1, host)
	w.create(&corev1.Secret{ObjectMeta: w.named("etcd-client"), Type: corev1.SecretTypeTLS, Data: e.Secret})
	w.profile("acme", nil)
	w.start()
	w.awaitReady("acme", "True RecommendOnly")
	w.awaitEtcd("Unknown MembersUnseen", "names no etcd")

	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		cpp.Spec.Etcd = &v1alpha1.EtcdSpec{TargetRef: v1alpha1.TargetRef{Kind: "StatefulSet", Name: "etcd"}, Port: int32(port)} //nolint:gosec // a port
	})
	w.awaitEtcd("Unknown MembersUnseen", "etcd.clientTLS")
	w.gauges(map[string]float64{series.EtcdMembersReady: 0, series.EtcdSeen: 0, series.Expires: 0})

	w.clientTLS("etcd-client", etcdtest.ServerName)
	w.awaitEtcd("True AsExpected", "all 1 members answer")
	ends := w.gauges(map[string]float64{series.EtcdMembersReady: 1, series.EtcdSeen: 1})[series.Expires]
	if ends < float64(time.Now().Unix()) {
		t.Errorf("the certificate for etcd ends at %v", ends)
	}
	w.awaitReady("acme", "True RecommendOnly")

	w.clientTLS("etcd-client", "etcd.tenant-other.svc")
	w.awaitEtcd("Unknown MembersUnseen", "etcd.clientTLS.serverName")
	w.clientTLS("another", "")
	w.awaitEtcd("Unknown AccessDenied", "may not read Secret another")
	// It is to be seen that one that is ready is not looked at, and what was known of the end is
	// known on.
	w.gauges(map[string]float64{series.EtcdMembersReady: 1, series.EtcdSeen: 0, series.Expires: ends})
	w.clientTLS("etcd-client", "")
	w.awaitEtcd("True AsExpected", "all 1 members answer")

	two := int32(2)
	w.scale(&two)
	w.awaitEtcd("False QuorumAtRisk", "etcd-1: pod etcd-1 does not exist")
	w.scale(nil)
	w.awaitEtcd("True AsExpected", "all 1 members answer")

	e.Members[0].Stop() // frozen: it takes connections and answers nothing
	looks := w.tenant.count(func(f *tenant) int { return f.looks })
	from, began := looks(), time.Now()
	w.awaitEtcd("Unknown MembersUnseen", "no whole answer within 2s")
	// A look takes 0.1 s longer at the most while a member does not answer.
	if done, took := looks()-from, time.Since(began); time.Duration(done) < took/(w.options.Tick+500*time.Millisecond) {
		t.Errorf("%d looks in %s, with a tick of %s", done, took, w.options.Tick)
	}
	w.awaitReady("acme", "True RecommendOnly")
	w.secretOf("etcd-client", map[string][]byte{"tls.crt": e.Secret["tls.crt"], "tls.key": e.Secret["tls.key"]})
	w.ahead.Store(int64(time.Minute))
	w.awaitEtcd("Unknown AccessInvalid", "Secret etcd-client: it has no key ca.crt")
	w.tenant.with(func(f *tenant) { f.fault = &plane.Fault{Reason: v1alpha1.ReasonReplicaTimeout, Message: "late"} })
	w.awaitReady("acme", "False ReplicaTimeout")
}

func (w *world) clientTLS(secret, serverName string) {
	w.t.Helper()
	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		cpp.Spec.Etcd.ClientTLS = &v1alpha1.ClientTLSSpec{SecretRef: v1alpha1.SecretRef{Name: secret}, ServerName: serverName}
	})
}

func (w *world) scale(replicas *int32) {
	w.t.Helper()
	set := &appsv1.StatefulSet{}
	if err := w.Get(w.t.Context(), client.ObjectKey{Namespace: w.ns, Name: "etcd"}, set); err != nil {
		w.t.Fatal(err)
	}
	set.Spec.Replicas = replicas
	if err := w.Update(w.t.Context(), set); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) secretOf(name string, data map[string][]byte) {
	w.t.Helper()
	if err := w.Delete(w.t.Context(), &corev1.Secret{ObjectMeta: w.named(name)}); err != nil {
		w.t.Fatal(err)
	}
	w.create(&corev1.Secret{ObjectMeta: w.named(name), Data: data})
}
