// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	controllerconfig "sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"evenkeel.dev/evenkeel/operator/controller"
	"evenkeel.dev/evenkeel/operator/sla/probe"
)

// newProber is a vantage point alone: it looks, and never leads.
func newProber() *cobra.Command {
	var f operatorFlags
	c := &cobra.Command{
		Use:   "prober",
		Short: "Look at control planes from one more place, and do nothing else",
		Long: "Look at every control plane that has a profile, as operator replicas do, from another zone\n" +
			"or network. What is down for it stands in its VantagePoint; an outage is one when all\n" +
			"vantage points see it. It never leads and decides nothing.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := newProberManager(f)
			if err != nil {
				return err
			}
			return m.Start(c.Context())
		},
	}
	flags := c.Flags()
	flags.AddGoFlag(flag.Lookup(config.KubeconfigFlagName))
	flags.StringVar(&f.metrics, "metrics-bind-address", "127.0.0.1:8084", "address of /metrics; 0 serves none")
	flags.StringVar(&f.health, "health-probe-bind-address", "127.0.0.1:8085", "address of /healthz and /readyz")
	flags.StringVar(&f.electNamespace, "leader-elect-namespace", "evenkeel-system", "namespace of the operator, and of what vantage points say")
	flags.StringVar(&f.point, "vantage-point", "", "name under which it tells what it sees; the host's name by default")
	flags.StringVar(&f.node, "node", "", "node that it runs on, of which it tells the zone")
	return c
}

func newProberManager(f operatorFlags) (ctrl.Manager, error) {
	ctrl.SetLogger(zap.New())
	s, err := newScheme()
	if err != nil {
		return nil, err
	}
	host, err := config.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the host cluster: %w", err)
	}
	m, err := ctrl.NewManager(host, ctrl.Options{
		Scheme: s, Metrics: metricsserver.Options{BindAddress: f.metrics}, HealthProbeBindAddress: f.health,
		Cache: controller.CacheOptions(),
		// It has one controller: there is nothing to be told apart.
		Controller: controllerconfig.Controller{SkipNameValidation: new(true)},
		Client:     client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the prober: %w", err)
	}
	if _, err := addVantage(m, f, &probe.Watch{}, nil); err != nil {
		return nil, err
	}
	return m, addHealth(m, "prober")
}
