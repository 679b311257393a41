// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tenant runs a hosted control plane in the testbed's host cluster, as a
// platform team would: the objects under manifests/, a PKI of its own, and a
// balancer in front. The real controllers and the real scheduler of the host
// cluster make the pods and place them; the node agents run them.
//
// The manifests are templates, and meant to be read as an example.
package tenant

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/testbed/apply"
	"evenkeel.dev/evenkeel/bench/testbed/balancer"
	"evenkeel.dev/evenkeel/bench/testbed/host"
	"evenkeel.dev/evenkeel/bench/testbed/pki"
)

const (
	// replicas is how many apiservers and how many etcd members there are.
	replicas = 3
	// startWithin bounds Start.
	startWithin = 3 * time.Minute
	// securePort is where each apiserver listens, at its pod's address.
	securePort = 6443
	// manager owns the fields of what the testbed writes to clusters.
	manager = "testbed"
)

// Resources of one replica or member; a CPULimit of zero is no limit. There is no
// memory limit: a killed apiserver is worse than a large one.
type Resources struct {
	CPURequest    resource.Quantity
	CPULimit      resource.Quantity
	MemoryRequest resource.Quantity
	// Restarts is whether the container restarts when its memory request changes.
	Restarts bool
}

// Options describe a tenant.
type Options struct {
	// Name and Namespace are the tenant's, "acme" and "tenant-acme".
	Name, Namespace string
	// Host is the cluster that hosts it.
	Host *host.Cluster
	// Dir holds the members' volumes.
	Dir string
	// Zones are where the host has nodes; at least three.
	Zones []string
	// APIServer and Etcd size one replica and one member.
	APIServer, Etcd Resources
	// MaxInflight and MaxMutatingInflight are the apiservers' flags of that name;
	// 0 is upstream's default of 400 and 200.
	MaxInflight, MaxMutatingInflight int
	// GoAwayChance is the chance that a request has its client connect anew, from 0 to
	// 0.02; 0, upstream's default, keeps connections where they are.
	GoAwayChance float64
	// Strict has an apiserver count as not ready when it does not answer once within two
	// seconds, and not after three times fifteen.
	Strict bool
	// Pool is the base of the members' addresses, "127.90.1.0/28": member N has
	// base+10+N.
	Pool string
	// BalancerAddress is where the balancer listens, "127.0.0.1:0" if empty.
	BalancerAddress string
	// Logf is told of progress; it may be nil.
	Logf func(string, ...any)
}

// Tenant is a running hosted control plane.
type Tenant struct {
	// AdminConfig is an administrator's way through the balancer.
	AdminConfig *rest.Config
	// BalancerURL is the balancer's, "https://127.0.0.1:40123".
	BalancerURL string
	// CA is the authority of the tenant's API: it signed the apiservers' serving
	// certificate and signs clients'. (etcd has another.)
	CA *pki.CA
	// EvenkeelKubeconfig is that of user evenkeel, as its Secret holds it.
	EvenkeelKubeconfig []byte

	options  Options
	host     kubernetes.Interface
	balancer *balancer.Balancer
	applier  *apply.Applier
}

// Start applies the tenant's objects to the host cluster and returns when all
// members and replicas are ready and the API answers through the balancer. What
// it started is stopped when it fails.
func Start(ctx context.Context, o Options) (*Tenant, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	client, err := kubernetes.NewForConfig(generous(o.Host.AdminConfig))
	if err != nil {
		return nil, fmt.Errorf("reaching the host cluster: %w", err)
	}
	t := &Tenant{options: o, host: client}
	if err := t.start(ctx); err != nil {
		// The caller has nothing to stop, so it is done here; ctx may have ended.
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("starting tenant %s: %w", o.Name, err), t.Stop(stop))
	}
	return t, nil
}

func (t *Tenant) start(ctx context.Context) error {
	o := t.options
	secrets, err := issue(o)
	if err != nil {
		return err
	}
	t.CA, t.EvenkeelKubeconfig = secrets.CA, secrets.EvenkeelKubeconfig
	documents, err := render(o, secrets)
	if err != nil {
		return err
	}
	for _, v := range volumes(o) {
		if err := os.MkdirAll(v.Path, 0o700); err != nil {
			return fmt.Errorf("making the volume in zone %s: %w", v.Zone, err)
		}
	}
	began := time.Now()
	if err := apply.Bytes(ctx, o.Host.AdminConfig, documents); err != nil {
		return err
	}
	t.balancer, err = balancer.Start(ctx, balancer.Options{
		Client: t.host, Namespace: o.Namespace, Selector: selector("kube-apiserver", o.Name),
		Port: securePort, Listen: o.BalancerAddress, Logf: o.Logf,
	})
	if err != nil {
		return err
	}
	t.BalancerURL = "https://" + t.balancer.Address()
	if err := t.publish(ctx); err != nil {
		return err
	}
	if t.AdminConfig, err = t.ConfigFor("admin", []string{"system:masters"}); err != nil {
		return err
	}
	if t.applier, err = apply.New(t.AdminConfig, manager); err != nil {
		return err
	}
	if err := t.awaitReady(ctx); err != nil {
		return err
	}
	o.Logf("tenant %s is ready after %.1f s at %s", o.Name, time.Since(began).Seconds(), t.BalancerURL)
	return nil
}

// Apply writes YAML documents to the tenant's API by server-side apply.
func (t *Tenant) Apply(ctx context.Context, documents []byte) error {
	if err := t.applier.Apply(ctx, documents); err != nil {
		return fmt.Errorf("in tenant %s: %w", t.options.Name, err)
	}
	return nil
}

// Backends are the replicas as the balancer sees them, with their connections.
func (t *Tenant) Backends() []balancer.Backend { return t.balancer.Backends() }

// Carrier is the name of the replica that carries the connection of a client of the
// balancer, by the client's own address; "" when none does.
func (t *Tenant) Carrier(client string) string { return t.balancer.Carrier(client) }

func (o Options) withDefaults() (Options, error) {
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	if o.BalancerAddress == "" {
		o.BalancerAddress = "127.0.0.1:0"
	}
	o.MaxInflight = orDefault(o.MaxInflight, 400)
	o.MaxMutatingInflight = orDefault(o.MaxMutatingInflight, 200)
	o.APIServer = o.APIServer.withDefaults("250m", "512Mi")
	o.Etcd = o.Etcd.withDefaults("100m", "256Mi")
	if len(o.Zones) < replicas {
		return o, fmt.Errorf("a tenant needs %d zones, not %d: %v", replicas, len(o.Zones), o.Zones)
	}
	if o.Name == "" || o.Namespace == "" || o.Dir == "" {
		return o, errors.New("a tenant needs a name, a namespace and a folder")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, fmt.Errorf("finding the tenant's folder: %w", err)
	}
	o.Dir = dir
	pool, err := netip.ParsePrefix(o.Pool)
	if err != nil {
		return o, fmt.Errorf("reading the pool of the members' addresses: %w", err)
	}
	for n := range replicas {
		if !pool.Contains(memberAddress(pool, n)) {
			return o, fmt.Errorf("the pool %s is too small: member %d would have %s", pool, n, memberAddress(pool, n))
		}
	}
	return o, nil
}

// withDefaults fills in the requests; a limit is only ever set on purpose.
func (r Resources) withDefaults(cpu, memory string) Resources {
	if r.CPURequest.IsZero() {
		r.CPURequest = resource.MustParse(cpu)
	}
	if r.MemoryRequest.IsZero() {
		r.MemoryRequest = resource.MustParse(memory)
	}
	return r
}

func orDefault(value, standard int) int {
	if value == 0 {
		return standard
	}
	return value
}

// memberAddress is base+10+n of the pool.
func memberAddress(pool netip.Prefix, n int) netip.Addr {
	address := pool.Masked().Addr()
	for range 10 + n {
		address = address.Next()
	}
	return address
}

func selector(name, tenant string) string {
	return "app.kubernetes.io/name=" + name + ",app.kubernetes.io/part-of=" + tenant
}

// generous lifts client-go's limit of 5 requests a second.
func generous(c *rest.Config) *rest.Config {
	own := rest.CopyConfig(c)
	own.QPS, own.Burst = 100, 200
	return own
}

// serverName is the name that the apiservers' certificate is verified for.
func serverName(namespace string) string { return "kube-apiserver." + namespace + ".svc" }

func ip(a netip.Addr) net.IP { return net.IP(a.AsSlice()) }
