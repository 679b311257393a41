// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// The keys of a kubernetes.io/tls Secret that carries its authority as well.
const (
	caKey   = "ca.crt"
	certKey = "tls.crt"
	keyKey  = "tls.key"
)

// ParseTLS makes an access of a Secret's ca.crt, tls.crt and tls.key. Servers are
// verified under serverName, or, when it is empty, under the address that each is
// called at. The fault says what is wrong with the Secret and what to put there; it
// holds nothing secret.
func ParseTLS(data map[string][]byte, serverName string, now time.Time) (*Access, *plane.Fault) {
	for _, key := range []string{caKey, certKey, keyKey} {
		switch n := len(data[key]); {
		case n == 0:
			return nil, invalid("it has no key %s: it needs %s (who signed the servers' certificates), %s and %s (Evenkeel's own)", key, caKey, certKey, keyKey)
		case n > maxKubeconfig:
			return nil, invalid("its key %s has %d bytes, which is over the bound of %d", key, n, maxKubeconfig)
		}
	}
	a := &Access{serverName: serverName, ca: data[caKey], words: secretWords}
	if fault := a.checkCA(now); fault != nil {
		return nil, fault
	}
	if fault := a.takeCertificate(data[certKey], data[keyKey], now); fault != nil {
		return nil, fault
	}
	return a, nil
}

// words are what messages call the parts of what was parsed.
type words struct{ secret, authorityField, ca, cert, key, authority, certificate string }

var (
	kubeconfigWords = words{
		secret: "the access Secret", authorityField: "certificate-authority-data",
		ca: "the kubeconfig's certificate-authority-data", cert: "the kubeconfig's client-certificate-data", key: "the kubeconfig's client-key-data",
		authority: "the kubeconfig's CA", certificate: "the kubeconfig's client certificate",
	}
	secretWords = words{
		secret: "the Secret", authorityField: caKey, ca: "its " + caKey, cert: "its " + certKey, key: "its " + keyKey,
		authority: "the CA in its " + caKey, certificate: "the client certificate in its " + certKey,
	}
)
