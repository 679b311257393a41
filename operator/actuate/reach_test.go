// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/yaml"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// watched is the tenant's client, with something that happens before a deletion.
func (w *tenant) watched(t *testing.T, before func(client.Object)) client.Client {
	t.Helper()
	return w.intercepted(t, interceptor.Funcs{Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
		before(o)
		return c.Delete(ctx, o, opts...)
	}})
}

func (w *tenant) intercepted(t *testing.T, funcs interceptor.Funcs) client.Client {
	t.Helper()
	c, err := client.NewWithWatch(w.config, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	return interceptor.NewClient(c, funcs)
}

// TestShippedRightsSuffice: the role that is shipped for tenants is enough for
// everything, and without it each fault says what to grant.
func TestShippedRightsSuffice(t *testing.T) {
	w := newTenant(t)
	mine := w.as(t, owner.Self)
	denied := actuate.New(mine, w, owner)
	config, fault := denied.ReadConfig(t.Context())
	if config != nil {
		t.Errorf("read without any right: %+v", config)
	}
	const grant = "as manifests/tenant/rbac.yaml does"
	wantFault(t, fault, v1alpha1.ReasonAccessDenied, "reading the tenant's flow control", `User "evenkeel" cannot list resource`, grant)
	fails(t, denied, ballast(1), v1alpha1.ReasonAccessDenied, "evenkeel-ballast", grant)
	if err := denied.LeaveAsFound(t.Context()); err == nil || !strings.Contains(err.Error(), "finding what this profile has written") {
		t.Errorf("leaving without any right: %v", err)
	}

	role, binding := shipped(t)
	w.create(t, role, binding)
	a := actuate.New(mine, w, owner)
	await(t, "the rights of evenkeel", func() bool { _, fault := a.ReadConfig(t.Context()); return fault == nil })
	leave(t, a)
	must(t, a, plane.Step{Kind: plane.ProtectSelf, Apply: true})
	must(t, a, ballast(245))
	must(t, a, jail(plane.PassSentence, agent, one))
	last := jail(plane.ChangeGrade, agent, some(4))
	must(t, a, last)
	must(t, a, end(last))
	must(t, a, plane.Step{Kind: plane.RemoveBallast, Apply: true})
	must(t, a, plane.Step{Kind: plane.Withdraw, Apply: true})
}

// shipped are the role and the binding that platform teams apply in a tenant.
func shipped(t *testing.T) (*rbacv1.ClusterRole, *rbacv1.ClusterRoleBinding) {
	t.Helper()
	raw, err := os.ReadFile("../../manifests/tenant/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.ClusterRole
	var binding rbacv1.ClusterRoleBinding
	for document := range strings.SplitSeq(string(raw), "\n---\n") {
		var into any
		switch {
		case strings.Contains(document, "kind: ClusterRoleBinding"):
			into = &binding
		case strings.Contains(document, "kind: ClusterRole"):
			into = &role
		default:
			continue // what probes may, which is not needed here
		}
		if err := yaml.UnmarshalStrict([]byte(document), into); err != nil {
			t.Fatal(err)
		}
	}
	if role.Name == "" || binding.Name == "" {
		t.Fatal("manifests/tenant/rbac.yaml lacks the role or the binding")
	}
	return &role, &binding
}

// TestTooMuchIsToldAndStillLeft: a tenant with more than a page of objects is told
// to be one, and can be left as found all the same.
func TestTooMuchIsToldAndStillLeft(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	must(t, a, jail(plane.PassSentence, agent, one))
	var pages int
	small := w.intercepted(t, interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
		pages++
		return c.List(ctx, list, append(opts, client.Limit(3))...)
	}})
	b := actuate.New(small, w, owner)
	config, fault := b.ReadConfig(t.Context())
	if config != nil {
		t.Errorf("a part of the configuration was taken for the whole: %+v", config)
	}
	wantFault(t, fault, v1alpha1.ReasonOversize, "more than 500", "delete those that are not needed")
	pages = 0
	if err := b.LeaveAsFound(t.Context()); err != nil {
		t.Fatal(err)
	}
	if pages < 10 {
		t.Errorf("left as found by %d pages, want more", pages)
	}
	endless := w.intercepted(t, interceptor.Funcs{List: func(_ context.Context, _ client.WithWatch, list client.ObjectList, _ ...client.ListOption) error {
		list.SetContinue("more")
		return nil
	}})
	if err := actuate.New(endless, w, owner).LeaveAsFound(t.Context()); err == nil || !strings.Contains(err.Error(), "more than 10000") {
		t.Errorf("a list without an end: %v", err)
	}
}

// TestUnreachableTenants: a tenant that is down, silent or talks nonsense is told
// to be out of reach, in time.
func TestUnreachableTenants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		serve  http.HandlerFunc
		within time.Duration
		reason string
		says   string
	}{
		{"down", nil, time.Second, v1alpha1.ReasonTenantUnreachable, "connection refused"},
		{"silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 6 * time.Second, v1alpha1.ReasonTenantUnreachable, "deadline exceeded"},
		{"overloaded", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "later", http.StatusTooManyRequests)
		}, 6 * time.Second, v1alpha1.ReasonTenantUnreachable, ""},
		{"ailing", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "etcd has no leader", http.StatusInternalServerError)
		}, 6 * time.Second, v1alpha1.ReasonTenantUnreachable, "etcd has no leader"},
		{"garbled", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, time.Second, v1alpha1.ReasonTenantUnreachable, ""},
		{"talkative", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":400,"reason":"BadRequest","message":"%s"}`, strings.Repeat("no\u00e9", 1<<18))
		}, time.Second, v1alpha1.ReasonTenantUnreachable, "..."},
		{"not accepting", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who?", http.StatusUnauthorized) }, time.Second, v1alpha1.ReasonAccessDenied, "renew the kubeconfig"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := actuate.New(serving(t, c.serve), nil, owner)
			began := time.Now()
			config, fault := a.ReadConfig(t.Context())
			if config != nil {
				t.Errorf("read %+v", config)
			}
			wantFault(t, fault, c.reason, "reading the tenant's flow control: listing", c.says)
			if took := time.Since(began); took > c.within+2*time.Second {
				t.Errorf("that took %s, want at most %s", took, c.within)
			}
			if len(fault.Message) > 1024 {
				t.Errorf("the message has %d bytes", len(fault.Message))
			}
		})
	}
}

// serving is a client of a server that is not a kube-apiserver, or of none.
func serving(t *testing.T, handler http.HandlerFunc) client.Client {
	t.Helper()
	config := &rest.Config{Host: "http://127.0.0.1:1"}
	if handler != nil {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		config.Host = server.URL
	}
	c, err := client.New(config, client.Options{Scheme: scheme.Scheme, Mapper: mapper()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mapper() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []string{"FlowSchema", "PriorityLevelConfiguration"} {
		m.Add(flowcontrolv1.SchemeGroupVersion.WithKind(kind), meta.RESTScopeRoot)
	}
	return m
}

// TestFaultsOfTheWayIn: what the guarded client of package access refuses has
// reasons of its own.
func TestFaultsOfTheWayIn(t *testing.T) {
	for _, c := range []struct {
		err    error
		reason string
	}{
		{access.ErrAnswerTooLong, v1alpha1.ReasonOversize},
		{access.ErrRedirect, v1alpha1.ReasonReplicaRedirects},
		{errors.New("EOF"), v1alpha1.ReasonTenantUnreachable},
	} {
		broken := interceptor.NewClient(nil, interceptor.Funcs{List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return fmt.Errorf("reading the body: %w", c.err)
		}})
		_, fault := actuate.New(broken, nil, owner).ReadConfig(t.Context())
		wantFault(t, fault, c.reason, c.err.Error())
	}
}

// TestHalfWritten: when the schema fails, the sentence is not said to be written,
// though its level is.
func TestHalfWritten(t *testing.T) {
	w := newTenant(t)
	half := w.intercepted(t, interceptor.Funcs{Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
		if raw, err := json.Marshal(o); err != nil || strings.Contains(string(raw), `"kind":"FlowSchema"`) {
			return errors.New("connection reset by peer")
		}
		return c.Apply(ctx, o, opts...)
	}})
	a := actuate.New(half, w, owner)
	leave(t, a)
	passed := jail(plane.PassSentence, agent, one)
	fails(t, a, passed, v1alpha1.ReasonTenantUnreachable, "writing FlowSchema "+passed.Sentence.Name, "connection reset by peer")
	var l flowcontrolv1.PriorityLevelConfiguration
	if err := w.Get(t.Context(), client.ObjectKey{Name: passed.Sentence.Name}, &l); err != nil {
		t.Errorf("the level: %v", err)
	}
	if config := w.read(t, a); len(config.Sentences) > 0 {
		t.Errorf("a level without a schema is a sentence: %+v", config.Sentences)
	}
	must(t, actuate.New(w, w, owner), end(passed))
}
