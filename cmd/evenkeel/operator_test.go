// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const manifests = "../../manifests"

// The operator takes the lead with the rights that are shipped, tells of it, and
// gives it up when it is ended, so that the next one need not wait.
func TestTheOperatorTakesAndGivesUpTheLead(t *testing.T) {
	admin, kubeconfig := newHost(t)
	ctx, end := context.WithCancel(t.Context())
	c, dashboard, shared := newOperator(), free(t), &sharedStore{}
	store := httptest.NewServer(shared)
	defer store.Close()
	c.SetArgs([]string{
		"--kubeconfig", kubeconfig, "--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0", "--web-bind-address=" + dashboard,
		"--store-url=" + store.URL, "--remote-write-url=" + store.URL + "/write", "--store-label=cluster=eu1",
	})
	done := make(chan error, 1)
	go func() { done <- c.ExecuteContext(ctx) }()
	defer end()

	held := func() bool {
		var lease coordinationv1.Lease
		err := admin.Get(t.Context(), client.ObjectKey{Namespace: "evenkeel-system", Name: "evenkeel-operator"}, &lease)
		return err == nil && lease.Spec.HolderIdentity != nil && *lease.Spec.HolderIdentity != ""
	}
	await(t, done, "the lead is held", held)
	await(t, done, "an event tells who leads", func() bool {
		var events corev1.EventList
		err := admin.List(t.Context(), &events, client.InNamespace("evenkeel-system"))
		return err == nil && len(events.Items) > 0 && events.Items[0].Reason == "LeaderElection"
	})
	servesItsDashboard(t, admin, dashboard, done)
	await(t, done, "what is sent and asked for has the host cluster's label", func() bool { return shared.sent.Load() > 0 && shared.asked.Load() > 0 })
	if n := shared.without.Load(); n > 0 {
		t.Errorf("%d requests to the store are without the host cluster's label", n)
	}
	end()
	if err := <-done; err != nil {
		t.Errorf("the operator ended with %v", err)
	}
	if held() {
		t.Error("the lead is still held by an operator that has ended")
	}
}

// newHost is a real kube-apiserver with what is shipped, and the kubeconfig of the
// operator's service account.
func newHost(t *testing.T) (admin client.Client, kubeconfig string) {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")
	}
	env := &envtest.Environment{CRDDirectoryPaths: []string{filepath.Join(manifests, "crd")}, ErrorIfCRDPathMissing: true}
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	if admin, err = client.New(config, client.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"operator/namespace.yaml", "rbac/operator.yaml"} {
		create(t, admin, filepath.Join(manifests, file))
	}
	account, err := env.AddUser(envtest.User{
		Name:   "system:serviceaccount:evenkeel-system:evenkeel",
		Groups: []string{"system:serviceaccounts", "system:authenticated"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := account.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return admin, kubeconfig
}

func create(t *testing.T, c client.Client, file string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for d := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(string(raw)), 4096); ; {
		o := &unstructured.Unstructured{}
		if err := d.Decode(&o.Object); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

func await(t *testing.T, done <-chan error, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		select {
		case err := <-done:
			t.Fatalf("the operator ended before %s: %v", what, err)
		default:
		}
		if holds() {
			return
		}
	}
	t.Fatalf("in 30 s it is not true that %s", what)
}
