// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package stage is what plays are played on: a host cluster with three nodes and one
// tenant, Evenkeel as a user would install it, and the victims. A play (the demo, the
// overload bench) brings its own loads and judges what it sees.
//
// Everything that is known of Evenkeel here is seen from outside: the profile's
// status, and the tenant's own objects. Nothing here imports the operator.
package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"evenkeel.dev/evenkeel/bench/scenario"
	"evenkeel.dev/evenkeel/bench/testbed/ground"
	"evenkeel.dev/evenkeel/bench/testbed/host"
	"evenkeel.dev/evenkeel/bench/testbed/node"
	"evenkeel.dev/evenkeel/bench/testbed/process"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
	"evenkeel.dev/evenkeel/bench/testbed/tenant"
)

// The names of the one tenant, and of the namespace that Evenkeel is installed in.
const (
	TenantName      = "acme"
	TenantNamespace = "tenant-acme"
	SystemNamespace = "evenkeel-system"
)

// stopWithin bounds the orderly end of a run.
const stopWithin = 40 * time.Second

// zones are where the host cluster has a node each.
var zones = []string{"a", "b", "c"}

// Stage is the testbed of a run: a host cluster with three nodes, and one tenant.
type Stage struct {
	*ground.Ground

	Host   *host.Cluster
	Nodes  []*node.Agent
	Tenant *tenant.Tenant

	// nodes are what each of Nodes was started with.
	nodes []node.Options
}

// Raise starts the host cluster, its nodes and the tenant in dir. What has been
// started is in the stage even when an error is returned: Close it.
func Raise(ctx context.Context, dir string, b servers.Binaries, s scenario.Tenant, logf func(string, ...any)) (*Stage, error) {
	st := &Stage{}
	var err error
	if st.Ground, err = ground.Clear(dir); err != nil {
		return st, err
	}
	if st.Cgroups.Mode() == "none" {
		logf("no cgroups (%s): CPU limits are recorded but not enforced, so the figures are not comparable", st.Cgroups.Why())
	}
	if err := process.GiveWay(); err != nil {
		logf("the load competes with the servers for the same cores, so the figures are not comparable: %v", err)
	}
	logf("starting the host cluster")
	st.Host, err = host.Start(ctx, host.Options{
		Dir: filepath.Join(dir, "host"), Binaries: b, Runner: st.Runner, Cgroups: st.Cgroups, Logf: logf,
	})
	if err != nil {
		return st, fmt.Errorf("starting the host cluster: %w", err)
	}
	logf("starting three nodes in zones a, b and c")
	if err := st.startNodes(ctx, dir, b, logf); err != nil {
		return st, err
	}
	logf("starting the tenant: three etcds, three kube-apiservers, a balancer")
	st.Tenant, err = tenant.Start(ctx, tenant.Options{
		Name: TenantName, Namespace: TenantNamespace, Host: st.Host, Dir: filepath.Join(dir, "tenant"), Zones: zones,
		APIServer:   resources(s.APIServer),
		Etcd:        resources(s.Etcd),
		MaxInflight: s.MaxInflight, MaxMutatingInflight: s.MaxMutating, GoAwayChance: s.GoAway, Strict: s.Strict,
		Pool: "127.90.1.0/28", BalancerAddress: "127.0.0.1:0", Logf: logf,
	})
	if err != nil {
		return st, fmt.Errorf("starting the tenant: %w", err)
	}
	return st, nil
}

func (st *Stage) startNodes(ctx context.Context, dir string, b servers.Binaries, logf func(string, ...any)) error {
	etcd := b.Etcd
	if b.SlowEtcd != "" {
		etcd = b.SlowEtcd // as quick as the other until it is told to be slow
	}
	images := map[string][]string{
		"registry.k8s.io/kube-apiserver": {b.KubeAPIServer},
		"registry.k8s.io/etcd":           {etcd},
		"evenkeel":                       {b.Evenkeel},
	}
	for i, zone := range zones {
		name := "node-" + zone
		address := net.IPv4(127, 80, 1, byte(i+1))
		_, config, err := st.Host.Kubeconfig("system:node:"+name, "system:nodes")
		if err != nil {
			return fmt.Errorf("making credentials for %s: %w", name, err)
		}
		pair, err := st.Host.NodeServingPair(name, address)
		if err != nil {
			return fmt.Errorf("making a certificate for %s: %w", name, err)
		}
		o := node.Options{
			Name: name, Zone: zone, Address: address,
			PodCIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 81 + byte(i), 0, 0}), 16),
			CPU:     resource.MustParse("4"), Memory: resource.MustParse("16Gi"),
			Dir: filepath.Join(dir, "nodes", name), Config: config, Images: images,
			Runner: st.Runner, Cgroups: st.Cgroups, ServingPair: pair, ClientCA: st.Host.CA.PEM(), Logf: logf,
		}
		agent, err := node.Start(ctx, o)
		if err != nil {
			return fmt.Errorf("starting %s: %w", name, err)
		}
		st.Nodes, st.nodes = append(st.Nodes, agent), append(st.nodes, o)
	}
	return nil
}

// Close ends everything that was started, in order, and leaves nothing behind.
func (st *Stage) Close(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	var problems []error
	if st.Tenant != nil {
		problems = append(problems, st.Tenant.Stop(ctx))
	}
	for _, n := range st.Nodes {
		problems = append(problems, n.Stop(ctx))
	}
	if st.Host != nil {
		problems = append(problems, st.Host.Stop(ctx))
	}
	// Whatever did not stop in time is ended like the remains of a killed run.
	problems = append(problems, ground.Clean(dir))
	return errors.Join(problems...)
}

func resources(r scenario.Resources) tenant.Resources {
	return tenant.Resources{CPURequest: r.CPURequest, CPULimit: r.CPULimit, MemoryRequest: r.MemoryRequest, Restarts: r.Restarts}
}
