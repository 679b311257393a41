// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"evenkeel.dev/evenkeel/operator/history"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/operator/web"
	"evenkeel.dev/evenkeel/operator/web/store"
)

// dashboardFlags are those of the dashboard, and of the store of metrics beside it.
type dashboardFlags struct {
	address, certs                string
	store, remoteWrite, tokenFile string
	labels                        []string
}

func (f *dashboardFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.address, "web-bind-address", "0", "address of the dashboard; 0 serves none, and without --web-cert-dir it must be of loopback")
	flags.StringVar(&f.certs, "web-cert-dir", "", "folder of the dashboard's tls.crt and tls.key, read anew when they change")
	flags.StringVar(&f.store, "store-url", "", "store of metrics that the dashboard reads by PromQL, as in https://prometheus.monitoring:9090")
	flags.StringVar(&f.remoteWrite, "remote-write-url", "", "where metrics are sent by remote write, as in https://mimir.monitoring/api/v1/push")
	flags.StringArrayVar(&f.labels, "store-label", nil, "label that tells this host cluster's series from those of others in the store, as in cluster=eu1; sent with all metrics and asked for in all queries; may be given several times")
	flags.StringVar(&f.tokenFile, "store-token-file", "", "file with the bearer token for both")
}

// The host cluster is asked who somebody is by a client of its own, of a token that it has not
// known before by another, and what he may see by a third: who knocks at the dashboard again and again with tokens that are none must take
// nothing from the operator, nor from those who are in.
const (
	tokensEachSecond, tokensAtOnce = 20, 50
	rightsEachSecond, rightsAtOnce = 200, 1000
)

func hostClient(m ctrl.Manager, eachSecond float32, atOnce int) (*kubernetes.Clientset, error) {
	config := rest.CopyConfig(m.GetConfig())
	config.QPS, config.Burst = eachSecond, atOnce
	c, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("setting up the dashboard: %w", err)
	}
	return c, nil
}

// addDashboard has the manager serve the dashboard and send metrics, as far as flags ask
// for it.
func addDashboard(m ctrl.Manager, f dashboardFlags, remembered *history.Store, watch *probe.Watch) error {
	labels, err := store.ParseLabels(f.labels)
	if err != nil {
		return err
	}
	if f.remoteWrite != "" {
		if err := addWriter(m, f, labels); err != nil {
			return err
		}
	}
	if f.address == "0" || f.address == "" {
		return nil
	}
	tokens, err := hostClient(m, tokensEachSecond, tokensAtOnce)
	if err != nil {
		return err
	}
	strangers, err := hostClient(m, tokensEachSecond, tokensAtOnce)
	if err != nil {
		return err
	}
	rights, err := hostClient(m, rightsEachSecond, rightsAtOnce)
	if err != nil {
		return err
	}
	c := web.Config{
		Address: f.address, CertDir: f.certs, Profiles: m.GetCache(), Ledgers: m.GetAPIReader(), History: remembered, Probes: watch.Last,
		Tokens: tokens.AuthenticationV1().TokenReviews(), Strangers: strangers.AuthenticationV1().TokenReviews(), Access: rights.AuthorizationV1().SubjectAccessReviews(), Now: time.Now, Log: ctrl.Log,
	}
	if f.store != "" {
		if c.Past, err = store.New(f.store, f.tokenFile, labels, nil); err != nil {
			return err
		}
	}
	s, err := web.New(c)
	if err != nil {
		return err
	}
	if err := m.Add(s); err != nil {
		return fmt.Errorf("setting up the dashboard: %w", err)
	}
	return nil
}

// addWriter has the manager send metrics, with the labels of this process and of its host
// cluster.
func addWriter(m ctrl.Manager, f dashboardFlags, labels store.Labels) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("setting up the remote write: %w", err)
	}
	w, err := store.NewWriter(f.remoteWrite, f.tokenFile, nil, metrics.Registry, labels.With(map[string]string{"job": "evenkeel", "instance": host}), time.Now, ctrl.Log)
	if err != nil {
		return err
	}
	if err := m.Add(w); err != nil {
		return fmt.Errorf("setting up the remote write: %w", err)
	}
	return nil
}
