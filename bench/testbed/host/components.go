// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// startEtcd starts a single member without fsync: the host cluster is scaffolding
// and no figure depends on its disk. The tenant's etcds are another matter.
func (c *Cluster) startEtcd(ctx context.Context) (url string, err error) {
	err = c.run(ctx, "etcd", c.options.Binaries.Etcd, 3, func(ports []int) ([]string, string) {
		url = fmt.Sprintf("https://127.0.0.1:%d", ports[0])
		peer := fmt.Sprintf("https://127.0.0.1:%d", ports[1])
		metrics := fmt.Sprintf("http://127.0.0.1:%d", ports[2])
		data := filepath.Join(c.options.Dir, "etcd")
		_ = os.RemoveAll(data) // of a try on other ports: a member remembers its peer URL
		return []string{
			"--name=host", "--data-dir=" + data, "--unsafe-no-fsync", "--log-level=warn",
			"--listen-client-urls=" + url, "--advertise-client-urls=" + url,
			"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=host=" + peer,
			"--listen-metrics-urls=" + metrics,
			"--client-cert-auth", "--trusted-ca-file=" + c.pki("etcd-ca.crt"),
			"--cert-file=" + c.pki("etcd.crt"), "--key-file=" + c.pki("etcd.key"),
			"--peer-client-cert-auth", "--peer-trusted-ca-file=" + c.pki("etcd-ca.crt"),
			"--peer-cert-file=" + c.pki("etcd.crt"), "--peer-key-file=" + c.pki("etcd.key"),
		}, metrics + "/readyz"
	})
	return url, err
}

func (c *Cluster) startAPIServer(ctx context.Context, etcdURL string) error {
	return c.run(ctx, "kube-apiserver", c.options.Binaries.KubeAPIServer, 1, func(ports []int) ([]string, string) {
		c.URL = fmt.Sprintf("https://127.0.0.1:%d", ports[0])
		return []string{
			"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", ports[0]),
			"--etcd-servers=" + etcdURL, "--etcd-cafile=" + c.pki("etcd-ca.crt"),
			"--etcd-certfile=" + c.pki("etcd-client.crt"), "--etcd-keyfile=" + c.pki("etcd-client.key"),
			"--client-ca-file=" + c.pki("ca.crt"), "--tls-cert-file=" + c.pki("apiserver.crt"), "--tls-private-key-file=" + c.pki("apiserver.key"),
			"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
			"--service-account-issuer=https://host.evenkeel.test", "--service-account-key-file=" + c.pki("sa.pub"),
			"--service-account-signing-key-file=" + c.pki("sa.key"),
			"--service-cluster-ip-range=10.80.0.0/24",
			// An EndpointSlice may not hold a loopback address, so the apiserver
			// must not try to publish its own. Without an address that it could
			// publish it does not start, and finds none on a machine without a
			// route: it is told one that is for documentation (RFC 5737).
			"--endpoint-reconciler-type=none", "--advertise-address=192.0.2.1",
			"--kubelet-client-certificate=" + c.pki("kubelet-client.crt"), "--kubelet-client-key=" + c.pki("kubelet-client.key"),
			"--kubelet-certificate-authority=" + c.pki("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
			"--requestheader-client-ca-file=" + c.pki("front-proxy-ca.crt"), "--requestheader-allowed-names=front-proxy",
			"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--proxy-client-cert-file=" + c.pki("front-proxy.crt"), "--proxy-client-key-file=" + c.pki("front-proxy.key"),
			"--profiling=false",
		}, c.URL + "/readyz"
	})
}

// startControllers starts the controller-manager and the scheduler, one replica
// each and so without leader election.
func (c *Cluster) startControllers(ctx context.Context) error {
	err := c.run(ctx, "kube-controller-manager", c.options.Binaries.KubeControllerManager, 1, func(ports []int) ([]string, string) {
		return append(c.controllerArgs("kube-controller-manager", ports[0]),
			"--root-ca-file="+c.pki("ca.crt"), "--service-account-private-key-file="+c.pki("sa.key"), "--use-service-account-credentials",
			"--cluster-signing-cert-file="+c.pki("ca.crt"), "--cluster-signing-key-file="+c.pki("ca.key"),
			"--node-monitor-period=2s", "--node-monitor-grace-period=12s", "--controllers=*,-endpointslice-controller,-endpoints-controller",
			"--horizontal-pod-autoscaler-sync-period=5s",
			// It makes this folder, by default outside of the testbed's own.
			"--flex-volume-plugin-dir="+filepath.Join(c.options.Dir, "flexvolume"),
		), fmt.Sprintf("https://127.0.0.1:%d/healthz", ports[0])
	})
	if err != nil {
		return err
	}
	return c.run(ctx, "kube-scheduler", c.options.Binaries.KubeScheduler, 1, func(ports []int) ([]string, string) {
		return c.controllerArgs("kube-scheduler", ports[0]), fmt.Sprintf("https://127.0.0.1:%d/healthz", ports[0])
	})
}

func (c *Cluster) controllerArgs(name string, port int) []string {
	kubeconfig := c.kubeconfig(name)
	return []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), "--leader-elect=false", "--profiling=false",
		"--tls-cert-file=" + c.pki("apiserver.crt"), "--tls-private-key-file=" + c.pki("apiserver.key"),
		"--kube-api-qps=200", "--kube-api-burst=400",
	}
}

// writeControllerKubeconfigs writes what the controller-manager and the scheduler
// reach the apiserver with.
func (c *Cluster) writeControllerKubeconfigs() error {
	for _, name := range []string{"kube-controller-manager", "kube-scheduler"} {
		if _, err := c.writeKubeconfig(name, "system:"+name); err != nil {
			return err
		}
	}
	return nil
}
