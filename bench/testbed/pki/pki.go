// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pki makes the certificates of a testbed: a CA for each cluster, and
// what it signs. Keys are ECDSA P-256, which are quick to make by the hundred.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// validity is how long what is issued lasts when a request does not say.
const validity = 10 * 24 * time.Hour

// CA signs the certificates of one cluster.
type CA struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem, keyPEM []byte
}

// Pair is a certificate and its key, both PEM.
type Pair struct{ CertPEM, KeyPEM []byte }

// Request is what a certificate is to say.
type Request struct {
	CommonName    string
	Organizations []string
	DNSNames      []string
	IPs           []net.IP
	// Server and Client are its uses.
	Server, Client bool
	// NotBefore and NotAfter default to an hour ago and ten days from now.
	NotBefore, NotAfter time.Time
}

// NewCA makes a self-signed CA.
func NewCA(commonName string) (*CA, error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("making the key of CA %s: %w", commonName, err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: commonName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validity),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("signing CA %s: %w", commonName, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading CA %s back: %w", commonName, err)
	}
	return &CA{certificate: certificate, key: key, pem: encode("CERTIFICATE", der), keyPEM: keyPEM}, nil
}

// PEM is the CA's certificate.
func (c *CA) PEM() []byte { return c.pem }

// KeyPEM is the CA's key.
func (c *CA) KeyPEM() []byte { return c.keyPEM }

// Issue signs a certificate with a key of its own.
func (c *CA) Issue(r Request) (*Pair, error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("making the key of %s: %w", r.CommonName, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("drawing a serial number for %s: %w", r.CommonName, err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: r.CommonName, Organization: r.Organizations},
		NotBefore:    r.NotBefore, NotAfter: r.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, DNSNames: r.DNSNames, IPAddresses: r.IPs,
	}
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(validity)
	}
	if r.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if r.Client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.certificate, key.Public(), c.key)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate of %s: %w", r.CommonName, err)
	}
	return &Pair{CertPEM: encode("CERTIFICATE", der), KeyPEM: keyPEM}, nil
}

// ServiceAccountKey makes the key pair with which a cluster signs the tokens of
// its service accounts, PEM.
func ServiceAccountKey() (private, public []byte, err error) {
	key, private, err := newKey()
	if err != nil {
		return nil, nil, fmt.Errorf("making a service account key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, nil, fmt.Errorf("writing a service account key: %w", err)
	}
	return private, encode("PUBLIC KEY", der), nil
}

// Kubeconfig is a kubeconfig with everything inline and one context, default.
func Kubeconfig(server, tlsServerName string, ca []byte, pair *Pair) ([]byte, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters["default"] = &clientcmdapi.Cluster{Server: server, TLSServerName: tlsServerName, CertificateAuthorityData: ca}
	config.AuthInfos["default"] = &clientcmdapi.AuthInfo{ClientCertificateData: pair.CertPEM, ClientKeyData: pair.KeyPEM}
	config.Contexts["default"] = &clientcmdapi.Context{Cluster: "default", AuthInfo: "default"}
	config.CurrentContext = "default"
	raw, err := clientcmd.Write(*config)
	if err != nil {
		return nil, fmt.Errorf("writing a kubeconfig for %s: %w", server, err)
	}
	return raw, nil
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, encode("EC PRIVATE KEY", der), nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
