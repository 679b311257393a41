// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// noon is when the kubeconfigs of the tests are read.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// authority signs the certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t *testing.T, name string, from, to time.Time) authority {
	t.Helper()
	a := authority{key: newKey(t)}
	a.cert = a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, a.key)
	return a
}

// sign issues the certificate for a key; an authority without one signs itself.
func (a authority) sign(t *testing.T, template *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template.SerialNumber = big.NewInt(1)
	parent := a.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// client issues a client certificate.
func (a authority) client(t *testing.T, name string, from, to time.Time, usage ...x509.ExtKeyUsage) (cert, key string) {
	t.Helper()
	k := newKey(t)
	c := a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to, ExtKeyUsage: usage}, k)
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return text("CERTIFICATE", c.Raw), text("EC PRIVATE KEY", der)
}

func (a authority) pem() string { return text("CERTIFICATE", a.cert.Raw) }

func text(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// kubeconfig is one with these lines for its cluster and its user.
func kubeconfig(cluster, user string) string {
	indent := func(lines string) string {
		return "    " + strings.ReplaceAll(strings.TrimSpace(lines), "\n", "\n    ")
	}
	return "apiVersion: v1\nkind: Config\ncurrent-context: default\n" +
		"contexts:\n- name: default\n  context: {cluster: tenant, user: evenkeel}\n" +
		"clusters:\n- name: tenant\n  cluster:\n" + indent(cluster) + "\nusers:\n- name: evenkeel\n  user:\n" + indent(user) + "\n"
}

func data(field, content string) string {
	return field + ": " + base64.StdEncoding.EncodeToString([]byte(content)) + "\n"
}

const server = "server: https://kube-apiserver.tenant-acme.svc:6443\n"
