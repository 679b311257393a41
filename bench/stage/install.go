// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/testbed/apply"
)

// DashboardPort is where the shipped operator serves its dashboard.
const DashboardPort = "8082"

// hostManifests are applied to the host cluster as they are shipped, in order.
var hostManifests = []string{"crd", "profiles", "operator/namespace.yaml", "rbac", "tenant-namespace", "operator/disruption.yaml", "operator/networkpolicy.yaml"}

// Install installs Evenkeel as a user would: the manifests of the checkout in root
// as they are shipped, the operator as a Deployment of one replica with the shipped RBAC and
// nothing more, the tenant-side RBAC, and the given profile. It returns the profile, followed
// until ctx ends; Await(Ready) tells when the tenant is observed.
func (st *Stage) Install(ctx context.Context, root string, cpp *v1alpha1.ControlPlaneProfile) (*Profile, error) {
	manifest := func(name string) string { return filepath.Join(root, "manifests", name) }
	for _, name := range hostManifests {
		if err := apply.Path(ctx, st.Host.AdminConfig, manifest(name)); err != nil {
			return nil, err
		}
	}
	if err := st.deploy(ctx, manifest("operator/deployment.yaml")); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(manifest("tenant/rbac.yaml"))
	if err != nil {
		return nil, fmt.Errorf("reading the tenant-side RBAC: %w", err)
	}
	if err := st.Tenant.Apply(ctx, raw); err != nil {
		return nil, err
	}
	if b := cpp.Spec.Access.Balancer; b != nil {
		if b.Port, err = st.Tenant.BalancerPort(); err != nil {
			return nil, err
		}
	}
	raw, err = yaml.Marshal(cpp)
	if err != nil {
		return nil, fmt.Errorf("writing the profile: %w", err)
	}
	if err := apply.Bytes(ctx, st.Host.AdminConfig, raw); err != nil {
		return nil, err
	}
	p, err := WatchProfile(ctx, st.Host.AdminConfig, types.NamespacedName{Namespace: cpp.Namespace, Name: cpp.Name})
	if err != nil {
		return nil, err
	}
	_, err = p.Await(ctx, time.Minute, "Evenkeel to observe the tenant", Ready)
	return p, err
}

// deploy runs the shipped operator, alone: all pods of the testbed share one loopback, where
// the dashboard's shipped address can be had once.
func (st *Stage) deploy(ctx context.Context, file string) error {
	raw, err := os.ReadFile(file) //nolint:gosec // a manifest of the checkout
	if err != nil {
		return fmt.Errorf("reading the operator's Deployment: %w", err)
	}
	var d appsv1.Deployment
	if err := yaml.UnmarshalStrict(raw, &d); err != nil {
		return fmt.Errorf("reading the operator's Deployment: %w", err)
	}
	d.Spec.Replicas = new(int32(1))
	d.APIVersion, d.Kind = appsv1.SchemeGroupVersion.String(), "Deployment"
	if raw, err = yaml.Marshal(d); err != nil {
		return fmt.Errorf("writing the operator's Deployment: %w", err)
	}
	return apply.Bytes(ctx, st.Host.AdminConfig, raw)
}

// Ready is true when the profile as it is now is observed and carried out.
func Ready(seen v1alpha1.ControlPlaneProfile) bool {
	if seen.Generation == 0 || seen.Status.ObservedGeneration != seen.Generation {
		return false
	}
	for _, c := range seen.Status.Conditions {
		if c.Type == v1alpha1.ConditionReady {
			return c.Status == "True"
		}
	}
	return false
}

func scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(s); err != nil {
		return nil, fmt.Errorf("building the scheme: %w", err)
	}
	if err := v1alpha1.AddToScheme(s); err != nil {
		return nil, fmt.Errorf("building the scheme: %w", err)
	}
	return s, nil
}
