// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"crypto/x509"
	"maps"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

func TestParseTLS(t *testing.T) {
	ca := newAuthority(t, "etcd-ca", noon().Add(-day), noon().Add(365*day))
	cert, key := ca.client(t, "evenkeel", noon().Add(-day), noon().Add(10*day), x509.ExtKeyUsageClientAuth)
	good := map[string][]byte{"ca.crt": []byte(ca.pem()), "tls.crt": []byte(cert), "tls.key": []byte(key)}
	a, fault := ParseTLS(good, "", noon())
	if fault != nil {
		t.Fatalf("fault %+v", *fault)
	}
	if a.User() != "evenkeel" || !a.NotAfter().Equal(noon().Add(10*day)) {
		t.Errorf("user %s until %s", a.User(), a.NotAfter())
	}
	config, err := rest.TLSConfigFor(a.RESTConfig("127.0.0.1:2379"))
	if err != nil || config.ServerName != "" || config.InsecureSkipVerify || config.RootCAs == nil {
		t.Errorf("TLS %+v, %v; want one that is verified by the address", config, err)
	}
	named, fault := ParseTLS(good, "etcd.tenant-acme.svc", noon())
	if fault != nil || named.ServerName() != "etcd.tenant-acme.svc" || named.Fingerprint() == a.Fingerprint() {
		t.Errorf("with a name: fault %+v, %s", fault, named.ServerName())
	}

	other, otherKey := ca.client(t, "", noon().Add(-day), noon().Add(day), x509.ExtKeyUsageServerAuth)
	old, oldKey := ca.client(t, "evenkeel", noon().Add(-2*day), noon().Add(-day), x509.ExtKeyUsageClientAuth)
	with := func(changes map[string][]byte) map[string][]byte {
		all := maps.Clone(good)
		maps.Copy(all, changes)
		return all
	}
	for _, c := range []struct {
		name, reason, message string
		data                  map[string][]byte
	}{
		{"nothing", v1alpha1.ReasonAccessInvalid, "it has no key ca.crt: it needs ca.crt (who signed", nil},
		{"no authority", v1alpha1.ReasonAccessInvalid, "it has no key ca.crt", with(map[string][]byte{"ca.crt": nil})},
		{"no key", v1alpha1.ReasonAccessInvalid, "it has no key tls.key", with(map[string][]byte{"tls.key": nil})},
		{"too much", v1alpha1.ReasonAccessInvalid, "its key tls.crt has 262145 bytes", with(map[string][]byte{"tls.crt": make([]byte, maxKubeconfig+1)})},
		{"an authority that is none", v1alpha1.ReasonAccessInvalid, "its ca.crt is not PEM", with(map[string][]byte{"ca.crt": []byte("garbage")})},
		{"a certificate that is none", v1alpha1.ReasonAccessInvalid, "its tls.crt is not PEM", with(map[string][]byte{"tls.crt": []byte("garbage")})},
		{"another's key", v1alpha1.ReasonAccessInvalid, "its tls.key is not the private key", with(map[string][]byte{"tls.key": []byte(otherKey)})},
		{"a server's certificate", v1alpha1.ReasonAccessInvalid, "is not for clients", with(map[string][]byte{"tls.crt": []byte(other), "tls.key": []byte(otherKey)})},
		{"an old certificate", v1alpha1.ReasonAccessExpired, `the client certificate in its tls.crt ("evenkeel") expired`, with(map[string][]byte{"tls.crt": []byte(old), "tls.key": []byte(oldKey)})},
	} {
		if end := EndTLS(c.data); c.reason == v1alpha1.ReasonAccessExpired && !end.Equal(noon().Add(-day)) {
			t.Errorf("%s: it ended at %s", c.name, end)
		}
		a, fault := ParseTLS(c.data, "", noon())
		if a != nil || fault == nil || fault.Reason != c.reason || !strings.Contains(fault.Message, c.message) {
			t.Errorf("%s: %+v, want %s and %q", c.name, fault, c.reason, c.message)
		}
	}
}
