// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package etcdtest runs real etcd members for the tests of whatever looks at them.
package etcdtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Cluster is a real etcd cluster on loopback that wants client certificates.
type Cluster struct {
	// Secret has an authority and a certificate of it, good for the members and for
	// their clients, as a kubernetes.io/tls Secret holds them.
	Secret  map[string][]byte
	Members []*Member

	t *testing.T
}

// Member is one of its members.
type Member struct {
	// Name is "etcd-0" and so on, Address where it serves its clients.
	Name, Address string

	args    []string
	process *exec.Cmd
}

// ServerName is the name that every member's certificate carries, beside 127.0.0.1.
const ServerName = "etcd.tenant-acme.svc"

// Start starts n members at free ports of 127.0.0.1, which end with the test. The
// flags are added to those of each.
func Start(t *testing.T, n int, flags ...string) *Cluster {
	t.Helper()
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run the tests with make test, which builds kube-apiserver and etcd")
	}
	c := &Cluster{t: t, Secret: Issue(t)}
	dir := t.TempDir()
	for key, file := range c.Secret {
		if err := os.WriteFile(filepath.Join(dir, key), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var cluster []string
	for i := range n {
		m := &Member{Name: fmt.Sprintf("etcd-%d", i), Address: free(t)}
		peer := "http://" + free(t)
		cluster = append(cluster, m.Name+"="+peer)
		m.args = append([]string{
			filepath.Join(assets, "etcd"), "--name=" + m.Name, "--data-dir=" + filepath.Join(dir, m.Name), "--log-level=error",
			"--listen-client-urls=https://" + m.Address, "--advertise-client-urls=https://" + m.Address,
			"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
			"--client-cert-auth=true", "--trusted-ca-file=" + filepath.Join(dir, "ca.crt"),
			"--cert-file=" + filepath.Join(dir, "tls.crt"), "--key-file=" + filepath.Join(dir, "tls.key"),
		}, flags...)
		c.Members = append(c.Members, m)
	}
	for _, m := range c.Members {
		m.args = append(m.args, "--initial-cluster="+strings.Join(cluster, ","))
		c.Run(m)
	}
	return c
}

// Run starts a member that has been stopped.
func (c *Cluster) Run(m *Member) {
	c.t.Helper()
	m.process = exec.CommandContext(context.WithoutCancel(c.t.Context()), m.args[0], m.args[1:]...) //nolint:gosec // the etcd under test
	if err := m.process.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(m.Kill)
}

// Kill ends a member's process at once and waits until it is gone.
func (m *Member) Kill() {
	if m.process.ProcessState == nil {
		_ = m.process.Process.Kill()
		_ = m.process.Wait()
	}
}

func free(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Stop freezes a member's process: it takes connections and answers nothing.
func (m *Member) Stop() { _ = m.process.Process.Signal(syscall.SIGSTOP) }

// Issue makes a new authority and one certificate of it, as a Secret holds them.
func Issue(t *testing.T) map[string][]byte {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "etcd-ca"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "evenkeel"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{ServerName}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	caKey, key := ecKey(t), ecKey(t)
	ca, err := x509.CreateCertificate(rand.Reader, authority, authority, caKey.Public(), caKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), caKey)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"ca.crt":  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca}),
		"tls.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
