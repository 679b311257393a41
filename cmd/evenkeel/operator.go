// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/controller"
	"evenkeel.dev/evenkeel/operator/history"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/operator/sla/vantage"
	"evenkeel.dev/evenkeel/operator/usage"
)

// operatorFlags are the operator's flags.
type operatorFlags struct {
	metrics, health      string
	elect                bool
	electNamespace       string
	point, node          string
	tick, fastTick, beat time.Duration
	concurrency          int
	debug                bool
	dashboard            dashboardFlags
}

func newOperator() *cobra.Command {
	d := controller.DefaultOptions()
	var f operatorFlags
	c := &cobra.Command{
		Use:   "operator",
		Short: "Run the operator",
		Long: "Run the operator. It finds the host cluster by --kubeconfig, $KUBECONFIG or the service\n" +
			"account of its pod.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := newManager(f)
			if err != nil {
				return err
			}
			return m.Start(c.Context())
		},
	}
	flags := c.Flags()
	flags.AddGoFlag(flag.Lookup(config.KubeconfigFlagName))
	flags.StringVar(&f.metrics, "metrics-bind-address", "127.0.0.1:8080", "address of /metrics; 0 serves none")
	flags.StringVar(&f.health, "health-probe-bind-address", "127.0.0.1:8081", "address of /healthz and /readyz")
	flags.BoolVar(&f.elect, "leader-elect", true, "let one of several replicas lead")
	flags.StringVar(&f.electNamespace, "leader-elect-namespace", "evenkeel-system", "namespace of the leader's Lease")
	flags.StringVar(&f.point, "vantage-point", "", "name under which this replica tells what it sees of control planes; the host's name by default")
	flags.StringVar(&f.node, "node", "", "node that this replica runs on, of which its vantage point tells the zone")
	flags.DurationVar(&f.tick, "tick", d.Tick, "time between two looks at a control plane when all is calm")
	flags.DurationVar(&f.fastTick, "fast-tick", d.FastTick, "time between two looks while somebody suffers")
	flags.DurationVar(&f.beat, "pulse", d.Pulse, "time between two of the smallest requests to every replica")
	flags.BoolVar(&f.debug, "debug", false, "log every window that the load line is found by")
	flags.IntVar(&f.concurrency, "concurrency", d.Concurrency, "control planes that are looked at side by side")
	f.dashboard.add(flags)
	return c
}

func newManager(f operatorFlags) (ctrl.Manager, error) {
	level := zapcore.InfoLevel
	if f.debug {
		level = zapcore.DebugLevel
	}
	ctrl.SetLogger(zap.New(zap.Level(level)))
	s, err := newScheme()
	if err != nil {
		return nil, err
	}
	host, err := config.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the host cluster: %w", err)
	}
	lead := &vantage.Lead{}
	m, err := ctrl.NewManager(host, ctrl.Options{
		Scheme:                 s,
		Metrics:                metricsserver.Options{BindAddress: f.metrics},
		HealthProbeBindAddress: f.health,
		LeaderElection:         f.elect,
		LeaderElectionID:       leaderID,
		// It is completed below, of what the manager has, and asked when that starts.
		LeaderElectionResourceLockInterface: lead,
		// The process ends with its leadership: the next one need not wait.
		LeaderElectionReleaseOnCancel: true,
		RenewDeadline:                 new(renewDeadline),
		Cache:                         controller.CacheOptions(),
		// Secrets are read one by one: the operator may not list them.
		Client: client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the operator: %w", err)
	}
	used, err := newUsage(m)
	if err != nil {
		return nil, err
	}
	remembered, watch := history.New(), &probe.Watch{}
	if err := addDashboard(m, f.dashboard, remembered, watch); err != nil {
		return nil, err
	}
	r := &controller.Reconciler{
		Client: m.GetClient(), Host: m.GetAPIReader(), Events: m.GetEventRecorder("evenkeel"), Usage: used,
		History: remembered,
		Open:    controller.Open, Now: time.Now,
		Options: controller.Options{Tick: f.tick, FastTick: f.fastTick, Pulse: f.beat, Concurrency: f.concurrency},
	}
	v, err := addVantage(m, f, watch, m.Elected())
	if err != nil {
		return nil, err
	}
	if err := keepBooks(m, v); err != nil {
		return nil, err
	}
	if err := complete(lead, m, f, v.Points); err != nil {
		return nil, err
	}
	r.Books, r.Points = v.Books, v.Points
	if err := r.SetupWithManager(m); err != nil {
		return nil, err
	}
	return m, addHealth(m, "operator")
}

func newScheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(s); err != nil {
		return nil, fmt.Errorf("building the scheme: %w", err)
	}
	if err := v1alpha1.AddToScheme(s); err != nil {
		return nil, fmt.Errorf("building the scheme: %w", err)
	}
	if err := vpav1.AddToScheme(s); err != nil {
		return nil, fmt.Errorf("building the scheme: %w", err)
	}
	return s, nil
}

// newUsage reads what the host cluster's pods use, for as long as the manager runs.
func newUsage(m ctrl.Manager) (*usage.Reader, error) {
	c, err := kubernetes.NewForConfigAndClient(m.GetConfig(), m.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("setting up the reading of what pods use: %w", err)
	}
	r := usage.New(c.Discovery().RESTClient(), time.Now)
	if err := m.Add(r); err != nil {
		return nil, fmt.Errorf("setting up the reading of what pods use: %w", err)
	}
	return r, nil
}
