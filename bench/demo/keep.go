// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"os"
	"path/filepath"

	"evenkeel.dev/evenkeel/bench/stage"
	"evenkeel.dev/evenkeel/bench/testbed/pki"
)

// keep leaves everything running until ctx ends, and says how to reach it.
func (p *run) keep(ctx context.Context) error {
	if !p.Keep {
		return nil
	}
	tenantConfig := filepath.Join(p.Dir, "tenant.kubeconfig")
	admin, err := p.stage.Tenant.CA.Issue(pki.Request{CommonName: "admin", Organizations: []string{"system:masters"}, Client: true})
	if err != nil {
		return err
	}
	raw, err := pki.Kubeconfig(p.stage.Tenant.BalancerURL, p.stage.Tenant.AdminConfig.ServerName, p.stage.Tenant.CA.PEM(), admin)
	if err != nil {
		return err
	}
	if err := os.WriteFile(tenantConfig, raw, 0o600); err != nil {
		return err
	}
	p.state.phase("kept running: Ctrl-C ends it", 0)
	p.Screen.Logf("the host cluster: export KUBECONFIG=%s", p.stage.Host.AdminKubeconfig)
	p.Screen.Logf("the tenant:       export KUBECONFIG=%s", tenantConfig)
	p.Screen.Logf("the dashboard:    http://127.0.0.1:%s, with a token of: kubectl -n %s create token evenkeel", stage.DashboardPort, stage.SystemNamespace)
	p.Screen.Logf("kubectl is        %s", p.Binaries.Kubectl)
	p.Screen.Logf("try:              kubectl get cpp -A; %s explain -n %s %s", p.Binaries.Evenkeel, stage.TenantNamespace, stage.TenantName)
	<-ctx.Done()
	return nil
}
