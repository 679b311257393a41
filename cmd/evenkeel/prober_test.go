// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// A prober tells with the rights that are shipped what it sees, of a control plane that it
// has no way to that it is blind, and never leads.
func TestTheProberTellsWhatItSees(t *testing.T) {
	admin, kubeconfig := newHost(t)
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
	ctx, end := context.WithCancel(t.Context())
	defer end()
	c := newProber()
	c.SetArgs([]string{"--kubeconfig", kubeconfig, "--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0", "--vantage-point=elsewhere"})
	done := make(chan error, 1)
	go func() { done <- c.ExecuteContext(ctx) }()
	await(t, done, "it tells what it sees", func() bool {
		var p v1alpha1.VantagePoint
		err := admin.Get(t.Context(), client.ObjectKey{Namespace: "evenkeel-system", Name: "elsewhere"}, &p)
		return err == nil && p.ControlPlanes == 1 && p.BlindCount == 1 && p.DownCount == 0 && !p.Leading && !p.Candidate && p.Renewed != nil
	})
	var leases coordinationv1.LeaseList
	if err := admin.List(t.Context(), &leases, client.InNamespace("evenkeel-system")); err != nil || len(leases.Items) > 0 {
		t.Errorf("there are leases: %+v, %v", leases.Items, err)
	}
	end()
	if err := <-done; err != nil {
		t.Errorf("it ended with %v", err)
	}
}
