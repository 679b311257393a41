// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"evenkeel.dev/evenkeel/bench/testbed/pki"
)

func TestIssuedCertificateIsTrustedForWhatItSays(t *testing.T) {
	ca, err := pki.NewCA("test-ca")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Issue(pki.Request{CommonName: "api", DNSNames: []string{"api.example"}, IPs: []net.IP{net.IPv4(127, 0, 0, 7)}, Server: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(pair.CertPEM, pair.KeyPEM); err != nil {
		t.Errorf("certificate and key do not belong together: %v", err)
	}
	block, _ := pem.Decode(pair.CertPEM)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PEM())
	for name, good := range map[string]bool{"api.example": true, "127.0.0.7": true, "other.example": false} {
		if _, err := certificate.Verify(x509.VerifyOptions{DNSName: name, Roots: roots}); (err == nil) != good {
			t.Errorf("verified for %s: %v, want %v", name, err, good)
		}
	}
	if _, err := certificate.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err == nil {
		t.Error("a server's certificate is good for a client")
	}
}

func TestKubeconfigLoads(t *testing.T) {
	ca, err := pki.NewCA("test-ca")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Issue(pki.Request{CommonName: "admin", Organizations: []string{"system:masters"}, Client: true})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := pki.Kubeconfig("https://127.0.0.1:6443", "api.example", ca.PEM(), pair)
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(raw)
	if err != nil {
		t.Fatal(err)
	}
	if config.ServerName != "api.example" || len(config.CAData) == 0 || len(config.CertData) == 0 {
		t.Errorf("loaded %+v", config)
	}
}
