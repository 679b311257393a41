// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package host runs the host cluster of a testbed: real etcd, kube-apiserver,
// kube-controller-manager and kube-scheduler as local processes, with TLS, RBAC
// and the node authorizer. It has no nodes of its own: package node brings them.
//
// Everything listens on 127.0.0.1 at ports that were free a moment before; a
// component that finds its port taken after all is started again on another.
package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
	"evenkeel.dev/evenkeel/bench/testbed/pki"
	"evenkeel.dev/evenkeel/bench/testbed/process"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// Options say what is to run and where.
type Options struct {
	// Dir is the cluster's own folder.
	Dir      string
	Binaries servers.Binaries
	Runner   *process.Runner
	Cgroups  *cgroup.Manager
	// Logf is told what goes on; nil is silence.
	Logf func(string, ...any)
}

// Cluster is a running host cluster.
type Cluster struct {
	// AdminKubeconfig is the path of a kubeconfig of group system:masters,
	// AdminConfig the same for clients.
	AdminKubeconfig string
	AdminConfig     *rest.Config
	// URL is the apiserver's.
	URL string
	CA  *pki.CA

	options    Options
	components []*component
}

// Start starts the cluster. It returns when every component is healthy and the
// default namespace has its service account, so that pods can be created. On an
// error what was started has been stopped.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	c := &Cluster{options: o}
	if err := c.start(ctx); err != nil {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*stopGrace)
		defer cancel()
		return nil, errors.Join(err, c.Stop(stop))
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := os.MkdirAll(c.options.Dir, 0o700); err != nil {
		return fmt.Errorf("making the host cluster's folder: %w", err)
	}
	if err := c.writePKI(); err != nil {
		return err
	}
	etcdURL, err := c.startEtcd(ctx)
	if err != nil {
		return err
	}
	if err := c.startAPIServer(ctx, etcdURL); err != nil {
		return err
	}
	if err := c.writeAdmin(); err != nil {
		return err
	}
	if err := c.writeControllerKubeconfigs(); err != nil {
		return err
	}
	if err := c.startControllers(ctx); err != nil {
		return err
	}
	return c.awaitServiceAccount(ctx)
}

// Stop stops the components, the last started first.
func (c *Cluster) Stop(ctx context.Context) error {
	var problems []error
	for _, component := range slices.Backward(c.components) {
		problems = append(problems, component.stop(ctx))
	}
	c.components = nil
	return errors.Join(problems...)
}

// Kubeconfig issues a client certificate and returns it as a kubeconfig and as a
// client's configuration.
func (c *Cluster) Kubeconfig(user string, groups ...string) ([]byte, *rest.Config, error) {
	pair, err := c.CA.Issue(pki.Request{CommonName: user, Organizations: groups, Client: true})
	if err != nil {
		return nil, nil, err
	}
	raw, err := pki.Kubeconfig(c.URL, "", c.CA.PEM(), pair)
	if err != nil {
		return nil, nil, err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the kubeconfig of %s: %w", user, err)
	}
	config.QPS = -1 // the testbed's own clients are not to be slowed down
	return raw, config, nil
}

// NodeServingPair issues the certificate with which a node serves.
func (c *Cluster) NodeServingPair(name string, ip net.IP) (*pki.Pair, error) {
	return c.CA.Issue(pki.Request{
		CommonName: "system:node:" + name, Organizations: []string{"system:nodes"},
		DNSNames: []string{name}, IPs: []net.IP{ip}, Server: true,
	})
}

// kubeconfig is the path of a component's kubeconfig.
func (c *Cluster) kubeconfig(name string) string {
	return filepath.Join(c.options.Dir, name+".kubeconfig")
}

// writeKubeconfig writes what a component reaches the apiserver with.
func (c *Cluster) writeKubeconfig(name, user string, groups ...string) (*rest.Config, error) {
	raw, config, err := c.Kubeconfig(user, groups...)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.kubeconfig(name), raw, 0o600); err != nil {
		return nil, fmt.Errorf("writing the kubeconfig of %s: %w", name, err)
	}
	return config, nil
}

func (c *Cluster) writeAdmin() (err error) {
	c.AdminKubeconfig = c.kubeconfig("admin")
	c.AdminConfig, err = c.writeKubeconfig("admin", "admin", "system:masters")
	return err
}

// awaitServiceAccount waits until the controller-manager has given the default
// namespace its service account: pods are refused before.
func (c *Cluster) awaitServiceAccount(ctx context.Context) error {
	return c.await(ctx, "the default namespace's service account", func(ctx context.Context, client kubernetes.Interface) error {
		_, err := client.CoreV1().ServiceAccounts(corev1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// await asks the API server until what is asked for is there, or a component has ended.
func (c *Cluster) await(ctx context.Context, what string, ask func(context.Context, kubernetes.Interface) error) error {
	client, err := kubernetes.NewForConfig(c.AdminConfig)
	if err != nil {
		return fmt.Errorf("reaching the host cluster: %w", err)
	}
	return poll(ctx, startWithin, what, func(ctx context.Context) error {
		if err := c.alive(); err != nil {
			return &fatalError{err}
		}
		return ask(ctx, client)
	})
}

// alive is an error when a component has ended, with the end of its log.
func (c *Cluster) alive() error {
	for _, component := range c.components {
		if err := component.alive(); err != nil {
			return err
		}
	}
	return nil
}

// poll tries until it succeeds, fails for good, or the time is up.
func poll(parent context.Context, limit time.Duration, what string, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var last error // that was not merely cut off by the end of the time
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		if fatal, ok := errors.AsType[*fatalError](err); ok {
			return fmt.Errorf("waiting for %s: %w", what, fatal.error)
		}
		select {
		case <-ctx.Done():
			if parent.Err() != nil { // given up by the caller, not slow
				return fmt.Errorf("waiting for %s: %w", what, errors.Join(parent.Err(), last))
			}
			return fmt.Errorf("waiting %s for %s: %w", limit, what, last)
		case <-tick.C:
		}
	}
}

// fatalError ends a poll at once.
type fatalError struct{ error }
