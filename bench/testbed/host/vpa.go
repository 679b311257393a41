// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/testbed/pki"
)

const (
	vpaUpdater   = "vpa-updater"
	vpaAdmission = "vpa-admission-controller"
	// VPAWebhook is the name of the webhook that the admission-controller registers.
	VPAWebhook = "vpa-webhook-config"
)

// StartVPAUpdater starts the upstream updater of VerticalPodAutoscalers, whose CRDs must be
// there. It does not wait for an admission-controller, as it does by default: what is
// resized in place needs none.
func (c *Cluster) StartVPAUpdater(ctx context.Context) error {
	if c.options.Binaries.VPAUpdater == "" {
		return errors.New("starting the host cluster's vpa-updater: there is no binary of it")
	}
	return c.run(ctx, vpaUpdater, c.options.Binaries.VPAUpdater, 1, func(ports []int) ([]string, string) {
		address := fmt.Sprintf("127.0.0.1:%d", ports[0])
		return []string{
			"--kubeconfig=" + c.AdminKubeconfig, "--address=" + address,
			"--updater-interval=3s", "--use-admission-controller-status=false",
		}, "http://" + address + "/health-check"
	})
}

// StartVPAAdmission starts the upstream admission-controller of VerticalPodAutoscalers and
// returns when it has registered its webhook. It is built to listen on loopback alone.
func (c *Cluster) StartVPAAdmission(ctx context.Context) error {
	if c.options.Binaries.VPAAdmission == "" {
		return errors.New("starting the host cluster's vpa-admission-controller: there is no binary of it")
	}
	serving, err := c.CA.Issue(pki.Request{CommonName: vpaAdmission, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}, Server: true})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{vpaAdmission + ".crt": serving.CertPEM, vpaAdmission + ".key": serving.KeyPEM} {
		if err := os.WriteFile(c.pki(name), data, 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	err = c.run(ctx, vpaAdmission, c.options.Binaries.VPAAdmission, 2, func(ports []int) ([]string, string) {
		address := fmt.Sprintf("127.0.0.1:%d", ports[0])
		return []string{
			"--kubeconfig=" + c.AdminKubeconfig, "--address=" + address, fmt.Sprintf("--port=%d", ports[1]),
			"--register-by-url", "--webhook-address=https://127.0.0.1", fmt.Sprintf("--webhook-port=%d", ports[1]), "--webhook-timeout-seconds=10",
			"--client-ca-file=" + c.pki("ca.crt"), "--tls-cert-file=" + c.pki(vpaAdmission+".crt"), "--tls-private-key=" + c.pki(vpaAdmission+".key"),
		}, "http://" + address + "/health-check"
	})
	if err != nil {
		return err
	}
	// It waits ten seconds before it registers.
	return c.await(ctx, "the webhook "+VPAWebhook, func(ctx context.Context, client kubernetes.Interface) error {
		_, err := client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, VPAWebhook, metav1.GetOptions{})
		return err
	})
}
