// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/snappy"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// servesItsDashboard is that it does so with the rights that are shipped: to a token of the
// host that may see profiles, and to nobody else.
func servesItsDashboard(t *testing.T, admin client.Client, address string, done <-chan error) {
	t.Helper()
	if err := v1alpha1.AddToScheme(admin.Scheme()); err != nil {
		t.Fatal(err)
	}
	acme := &v1alpha1.ControlPlaneProfile{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "acme"},
		Spec: v1alpha1.ControlPlaneProfileSpec{
			APIServer: v1alpha1.APIServerSpec{TargetRef: v1alpha1.TargetRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "kube-apiserver"}},
			Access:    v1alpha1.AccessSpec{KubeconfigSecretRef: v1alpha1.SecretKeyRef{Name: "acme"}},
		},
	}
	if err := admin.Create(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	request := &authenticationv1.TokenRequest{}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "evenkeel-system", Name: "evenkeel"}}
	if err := admin.SubResource("token").Create(t.Context(), account, request); err != nil {
		t.Fatal(err)
	}
	get := func(path, token string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close() //nolint:errcheck // it was only read
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	await(t, done, "the fleet is shown", func() bool {
		status, body := get("/", request.Status.Token)
		return status == http.StatusOK && strings.Contains(body, "/cp/default/acme")
	})
	if status, body := get("/cp/default/acme", request.Status.Token); status != http.StatusOK || !strings.Contains(body, "There is no AvailabilityLedger yet") {
		t.Errorf("the page of acme is %d: %s", status, body)
	}
	if status, body := get("/", ""); status != http.StatusUnauthorized || strings.Contains(body, "acme") {
		t.Errorf("without a token the answer is %d: %s", status, body)
	}
}

// sharedStore counts what is sent to it and what it is asked for, and which of these do not say
// of which host cluster.
type sharedStore struct{ sent, asked, without atomic.Int64 }

func (s *sharedStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/write" {
		if s.asked.Add(1); !strings.Contains(r.FormValue("query"), `cluster="eu1"`) {
			s.without.Add(1)
		}
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"matrix","result":[]}}`) // who has hung up is not told
		return
	}
	packed, err := io.ReadAll(r.Body)
	if err != nil {
		return // the operator has ended meanwhile
	}
	body, err := snappy.Decode(nil, packed)
	if s.sent.Add(1); err != nil || bytes.Count(body, []byte("cluster\x12\x03eu1")) != bytes.Count(body, []byte("__name__")) {
		s.without.Add(1)
	}
}

// What would carry tokens in the clear, or goes nowhere, does not start.
func TestFlagsOfTheDashboard(t *testing.T) {
	_, kubeconfig := newHost(t)
	for flag, want := range map[string]string{
		"--web-bind-address=0.0.0.0:8443": "in the clear", "--remote-write-url=prometheus:9090": "want http or https",
		"--store-label=namespace=eu1": "have a label namespace of their own", "--store-label=eu1": "want NAME=VALUE",
	} {
		c := newOperator()
		c.SetArgs([]string{"--kubeconfig", kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=127.0.0.1:0", flag})
		c.SilenceUsage, c.SilenceErrors = true, true
		if err := c.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", flag, err, want)
		}
	}
}

// free is an address that nobody listens at now.
func free(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it was only asked for a port
	return l.Addr().String()
}
