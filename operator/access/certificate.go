// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// maxCertificates bounds a chain or a bundle.
const maxCertificates = 32

// when is how dates are shown in messages.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// certificates are those of a PEM text; ok is false when it has something else,
// none or too many.
func certificates(text []byte) (found []*x509.Certificate, ok bool) {
	for len(text) > 0 {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		if block.Type != "CERTIFICATE" || len(found) == maxCertificates {
			return nil, false
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, false
		}
		found = append(found, c)
	}
	return found, len(found) > 0
}

// checkCA wants at least one CA certificate that is valid now: while a CA is
// replaced there are two, and the old one may have ended.
func (a *Access) checkCA(now time.Time) *plane.Fault {
	bundle, ok := certificates(a.ca)
	if !ok {
		return invalid("%s is not PEM with 1 to %d certificates: put the tenant's CA there", a.words.ca, maxCertificates)
	}
	var begins, ends time.Time
	for _, c := range bundle {
		if now.Before(c.NotBefore) {
			if begins.IsZero() || c.NotBefore.Before(begins) {
				begins = c.NotBefore
			}
			continue
		}
		if c.NotAfter.After(ends) {
			ends = c.NotAfter
		}
	}
	switch {
	case ends.IsZero():
		return invalid("%s (%.80q) is valid only from %s, it is %s now: check the clocks of the operator and of whoever issued it", a.words.authority, bundle[0].Subject.CommonName, when(begins), when(now))
	case !now.Before(ends):
		return expired("%s (%.80q) expired on %s: put the tenant's current CA into %s of %s", a.words.authority, bundle[0].Subject.CommonName, when(ends), a.words.authorityField, a.words.secret)
	}
	a.endsAt(ends)
	return nil
}

// endsAt moves the end of the access forward to t, if that is earlier.
func (a *Access) endsAt(t time.Time) {
	if a.notAfter.IsZero() || t.Before(a.notAfter) {
		a.notAfter = t
	}
}

func (a *Access) takeCertificate(cert, key []byte, now time.Time) *plane.Fault {
	switch {
	case len(cert) == 0:
		return invalid("the kubeconfig's user has a client key and no certificate: put it into client-certificate-data")
	case len(key) == 0:
		return invalid("the kubeconfig's user has a client certificate and no key: put it into client-key-data")
	}
	chain, ok := certificates(cert)
	if !ok {
		return invalid("%s is not PEM with 1 to %d certificates", a.words.cert, maxCertificates)
	}
	// tls's own message may quote the key's headers: say what it means instead.
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		return invalid("%s is not the private key of its client certificate (%.80q), as unencrypted PEM: put the two that were issued together", a.words.key, chain[0].Subject.CommonName)
	}
	leaf := chain[0]
	name := leaf.Subject.CommonName
	switch {
	case name == "" && a.words == kubeconfigWords:
		return invalid("the kubeconfig's client certificate has no common name, which is what the tenant's RBAC knows Evenkeel by: issue one with CN=evenkeel")
	case len(leaf.ExtKeyUsage) > 0 && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny):
		return invalid("%s (%.80q) is not for clients: issue one with the extended key usage clientAuth", a.words.certificate, name)
	case now.Before(leaf.NotBefore):
		return invalid("%s (%.80q) is valid only from %s, it is %s now: check the clocks of the operator and of whoever issued it", a.words.certificate, name, when(leaf.NotBefore), when(now))
	}
	for _, c := range chain {
		if !now.Before(c.NotAfter) {
			return expired("%s (%.80q) expired on %s: issue a new one and replace it in %s", a.words.certificate, c.Subject.CommonName, when(c.NotAfter), a.words.secret)
		}
		a.endsAt(c.NotAfter)
	}
	a.cert, a.key, a.user = cert, key, name
	return nil
}

// End is when what stands in a kubeconfig ends, or has ended, which Parse refuses; zero where it
// tells no end or cannot be read.
func End(kubeconfig []byte) time.Time {
	config, fault := decode(kubeconfig)
	if fault != nil {
		return time.Time{}
	}
	cluster, user, fault := current(config)
	if fault != nil {
		return time.Time{}
	}
	return endOf(cluster.CertificateAuthorityData, user.ClientCertificateData, user.Token)
}

// EndTLS is the same of a Secret for ParseTLS.
func EndTLS(data map[string][]byte) time.Time { return endOf(data[caKey], data[certKey], "") }

func endOf(ca, cert []byte, token string) time.Time {
	var a Access
	bundle, _ := certificates(ca)
	for i, c := range bundle { // the last of them: while a CA is replaced there are two
		if i == 0 || c.NotAfter.After(a.notAfter) {
			a.notAfter = c.NotAfter
		}
	}
	chain, _ := certificates(cert)
	for _, c := range chain {
		a.endsAt(c.NotAfter)
	}
	if c, ok := read(token); ok && c.Expires > 0 {
		a.endsAt(at(c.Expires))
	}
	return a.notAfter
}
