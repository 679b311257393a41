// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package hosttest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Controllers runs upstream's kube-controller-manager with these controllers alone against
// the server, until the test ends. Its autoscaler looks every second. The function it gives
// counts the lines of its log with a text in them.
func (*Host) Controllers(t *testing.T, names ...string) (logged func(text string) int) {
	t.Helper()
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"host": {
			Server: "https://" + strings.TrimPrefix(shared.config.Host, "https://"), CertificateAuthorityData: shared.config.CAData,
		}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"admin": {ClientCertificateData: shared.config.CertData, ClientKeyData: shared.config.KeyData}},
		Contexts:       map[string]*clientcmdapi.Context{"host": {Cluster: "host", AuthInfo: "admin"}},
		CurrentContext: "host",
	}, kubeconfig); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log")) //nolint:gosec // a folder of the test's own
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	manager := exec.CommandContext(ctx, filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kube-controller-manager"), //nolint:gosec // the upstream server that the tests run with
		"--kubeconfig="+kubeconfig, "--controllers="+strings.Join(names, ","), "--leader-elect=false", "--secure-port=0",
		"--horizontal-pod-autoscaler-sync-period=1s", "--flex-volume-plugin-dir="+dir)
	manager.Stdout, manager.Stderr, manager.Dir = log, log, dir
	if err := manager.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = manager.Wait() // it was killed
		if err := log.Close(); err != nil {
			t.Error(err)
		}
		if tail, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("the end of the log of kube-controller-manager:\n%s", tail[max(0, len(tail)-3000):])
		}
	})
	return func(text string) (lines int) {
		all, err := os.ReadFile(log.Name())
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(all)) {
			if strings.Contains(line, text) {
				lines++
			}
		}
		return lines
	}
}
