// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bytes"
	"context"
	_ "embed" // for the manifests
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"text/template"

	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/testbed/apply"
	"evenkeel.dev/evenkeel/bench/testbed/pki"
)

const (
	// metricsServer is the component's name, its user's and its Service's.
	metricsServer = "metrics-server"
	// metricsResolution is how often nodes are asked; the shortest that is allowed.
	metricsResolution = "10s"
	// metricsPath is what the API server serves from it.
	metricsPath = "/apis/metrics.k8s.io/v1beta1/nodes"
)

var (
	//go:embed manifests/metrics-server.yaml
	metricsRoles []byte
	//go:embed manifests/metrics-apiservice.yaml.tmpl
	metricsRegistration string
)

// StartMetricsServer starts the upstream metrics-server and has the API server serve
// metrics.k8s.io from it, so that `kubectl top` and the HPA controller know what
// nodes and pods use. It returns when that is served, after two scrapes of a node
// that runs something (it takes no notice of others): in a cluster without such a node
// the wait ends with an error.
func (c *Cluster) StartMetricsServer(ctx context.Context) error {
	if c.options.Binaries.MetricsServer == "" {
		return errors.New("starting the host cluster's metrics-server: there is no binary of it")
	}
	documents, err := apply.New(c.AdminConfig, "testbed")
	if err != nil {
		return err
	}
	// What it may do comes first: it ends when it may not learn who its callers are.
	if err := documents.Apply(ctx, metricsRoles); err != nil {
		return err
	}
	if err := c.writeMetricsServer(); err != nil {
		return err
	}
	var port int
	err = c.run(ctx, metricsServer, c.options.Binaries.MetricsServer, 1, func(ports []int) ([]string, string) {
		port = ports[0]
		return c.metricsServerArgs(port), fmt.Sprintf("https://127.0.0.1:%d/readyz", port)
	})
	if err != nil {
		return err
	}
	registration, err := c.registration(port)
	if err != nil {
		return err
	}
	if err := documents.Apply(ctx, registration); err != nil {
		return err
	}
	return c.awaitMetrics(ctx)
}

func (c *Cluster) metricsServerArgs(port int) []string {
	kubeconfig := c.kubeconfig(metricsServer)
	return []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file=" + c.pki(metricsServer+".crt"), "--tls-private-key-file=" + c.pki(metricsServer+".key"),
		"--kubelet-preferred-address-types=InternalIP", "--kubelet-use-node-status-port",
		"--kubelet-certificate-authority=" + c.pki("ca.crt"), "--metric-resolution=" + metricsResolution,
		"--kubelet-request-timeout=5s", // shorter than the resolution, or it ends
	}
}

// writeMetricsServer writes its serving certificate and its kubeconfig.
func (c *Cluster) writeMetricsServer() error {
	serving, err := c.CA.Issue(pki.Request{
		CommonName: metricsServer, DNSNames: []string{metricsServer + ".kube-system.svc"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}, Server: true,
	})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{metricsServer + ".crt": serving.CertPEM, metricsServer + ".key": serving.KeyPEM} {
		if err := os.WriteFile(c.pki(name), data, 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	_, err = c.writeKubeconfig(metricsServer, metricsServer)
	return err
}

// registration is the APIService of a metrics-server at a port.
func (c *Cluster) registration(port int) ([]byte, error) {
	manifest, err := template.New("apiservice").Option("missingkey=error").Parse(metricsRegistration)
	if err != nil {
		return nil, fmt.Errorf("reading the APIService of metrics.k8s.io: %w", err)
	}
	var out bytes.Buffer
	err = manifest.Execute(&out, map[string]any{"Port": port, "CABundle": base64.StdEncoding.EncodeToString(c.CA.PEM())})
	if err != nil {
		return nil, fmt.Errorf("filling in the APIService of metrics.k8s.io: %w", err)
	}
	return out.Bytes(), nil
}

// awaitMetrics waits until the API server serves what nodes use.
func (c *Cluster) awaitMetrics(ctx context.Context) error {
	return c.await(ctx, "what nodes use, at "+metricsPath, func(ctx context.Context, client kubernetes.Interface) error {
		return client.Discovery().RESTClient().Get().AbsPath(metricsPath).Do(ctx).Error()
	})
}
