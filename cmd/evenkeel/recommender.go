// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"evenkeel.dev/evenkeel/operator/vpa"
)

type recommenderFlags struct {
	metrics, health string
	elect           bool
	electNamespace  string
	name            string
	interval        time.Duration
}

// newRecommender is Evenkeel's right-sizing alone.
func newRecommender() *cobra.Command {
	var f recommenderFlags
	c := &cobra.Command{
		Use:   "recommender",
		Short: "Recommend for VerticalPodAutoscalers, and do nothing else",
		Long: "Recommend for every VerticalPodAutoscaler with spec.recommenders [{name: evenkeel}], by what\n" +
			"its pods use. Upstream's updater and admission-controller act on it. It needs no\n" +
			"ControlPlaneProfile, and leaves those VerticalPodAutoscalers alone that one owns.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := newRecommenderManager(f)
			if err != nil {
				return err
			}
			return m.Start(c.Context())
		},
	}
	flags := c.Flags()
	flags.AddGoFlag(flag.Lookup(config.KubeconfigFlagName))
	flags.StringVar(&f.metrics, "metrics-bind-address", "127.0.0.1:8082", "address of /metrics; 0 serves none")
	flags.StringVar(&f.health, "health-probe-bind-address", "127.0.0.1:8083", "address of /healthz and /readyz")
	flags.BoolVar(&f.elect, "leader-elect", true, "let one of several replicas lead")
	flags.StringVar(&f.electNamespace, "leader-elect-namespace", "evenkeel-system", "namespace of the leader's Lease")
	flags.StringVar(&f.name, "recommender-name", vpa.RecommenderName, "what VerticalPodAutoscalers have in spec.recommenders")
	flags.DurationVar(&f.interval, "interval", time.Minute, "time between two loops over all VerticalPodAutoscalers")
	return c
}

func newRecommenderManager(f recommenderFlags) (ctrl.Manager, error) {
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
		LeaderElection: f.elect, LeaderElectionID: "evenkeel-recommender", LeaderElectionNamespace: f.electNamespace,
		LeaderElectionReleaseOnCancel: true, Cache: vpa.CacheOptions(),
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the recommender: %w", err)
	}
	used, err := newUsage(m)
	if err != nil {
		return nil, err
	}
	r := &vpa.Recommender{
		Client: m.GetClient(), Host: m.GetAPIReader(), Usage: used, Name: f.name, Interval: max(f.interval, time.Second), Now: time.Now,
	}
	if err := m.Add(r); err != nil {
		return nil, fmt.Errorf("setting up the recommender: %w", err)
	}
	return m, addHealth(m, "recommender")
}
