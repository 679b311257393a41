// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

const day = 24 * time.Hour

func jwt(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte("signature"))
}

func TestParseCertificate(t *testing.T) {
	ca := newAuthority(t, "acme", noon().Add(-day), noon().Add(365*day))
	cert, key := ca.client(t, "evenkeel", noon().Add(-day), noon().Add(10*day), x509.ExtKeyUsageClientAuth)
	a, fault := Parse([]byte(kubeconfig(server+data("certificate-authority-data", ca.pem()),
		data("client-certificate-data", cert)+data("client-key-data", key))), noon())
	if fault != nil {
		t.Fatalf("fault %+v", *fault)
	}
	if a.User() != "evenkeel" {
		t.Errorf("user %q, want the common name", a.User())
	}
	if !a.NotAfter().Equal(noon().Add(10 * day)) {
		t.Errorf("it ends %s, want the client certificate's end", a.NotAfter())
	}
	config := a.RESTConfig("127.1.2.3:6443")
	if config.Host != "https://127.1.2.3:6443" || config.ServerName != "kube-apiserver.tenant-acme.svc" || config.Insecure {
		t.Errorf("host %s, server name %s, insecure %v", config.Host, config.ServerName, config.Insecure)
	}
	if proxy, err := config.Proxy(nil); proxy != nil || err != nil {
		t.Errorf("proxy %v, %v; want none", proxy, err)
	}
	tls, err := rest.TLSConfigFor(config)
	if err != nil || tls.InsecureSkipVerify || tls.RootCAs == nil {
		t.Errorf("TLS %+v, %v", tls, err)
	}
	if config.CertFile+config.KeyFile+config.CAFile+config.BearerTokenFile != "" || config.ExecProvider != nil {
		t.Error("the configuration refers to files or commands")
	}
}

func TestParseTakesTheServerNameThatIsGiven(t *testing.T) {
	ca := newAuthority(t, "acme", noon().Add(-day), noon().Add(365*day))
	a, fault := Parse([]byte(kubeconfig(server+"tls-server-name: kube-apiserver\n"+data("certificate-authority-data", ca.pem()), "token: opaque")), noon())
	if fault != nil {
		t.Fatalf("fault %+v", *fault)
	}
	if name := a.RESTConfig("127.1.2.3:6443").ServerName; name != "kube-apiserver" {
		t.Errorf("server name %q", name)
	}
	if a.User() != "" || a.RESTConfig("x:1").BearerToken != "opaque" || !a.NotAfter().Equal(ca.cert.NotAfter) {
		t.Errorf("user %q, end %s", a.User(), a.NotAfter())
	}
}

// When something ended that is refused for it is known all the same.
func TestWhenItEnded(t *testing.T) {
	ca := newAuthority(t, "tenant-ca", noon().Add(-day), noon().Add(365*day))
	cert, key := ca.client(t, "evenkeel", noon().Add(-2*day), noon().Add(-day), x509.ExtKeyUsageClientAuth)
	cluster := server + data("certificate-authority-data", ca.pem())
	for name, c := range map[string]struct {
		kubeconfig string
		want       time.Time
	}{
		"a certificate": {kubeconfig(cluster, data("client-certificate-data", cert)+data("client-key-data", key)), noon().Add(-day)},
		"a token":       {kubeconfig(cluster, "token: "+jwt(fmt.Sprintf(`{"exp":%d}`, noon().Add(-time.Hour).Unix()))), noon().Add(-time.Hour)},
		"an authority":  {kubeconfig(cluster, "token: opaque"), noon().Add(365 * day)},
		"garbage":       {"garbage", time.Time{}},
	} {
		if got := End([]byte(c.kubeconfig)); !got.Equal(c.want) {
			t.Errorf("%s: it ends at %s, not %s", name, got, c.want)
		}
	}
}

func TestParseReadsTokens(t *testing.T) {
	ca := newAuthority(t, "acme", noon().Add(-day), noon().Add(365*day))
	user := "system:serviceaccount:kube-system:evenkeel"
	token := jwt(fmt.Sprintf(`{"sub":%q,"exp":%d,"nbf":%d}`, user, noon().Add(day).Unix(), noon().Unix()))
	a, fault := Parse([]byte(kubeconfig(server+data("certificate-authority-data", ca.pem()), "token: "+token)), noon())
	if fault != nil {
		t.Fatalf("fault %+v", *fault)
	}
	if a.User() != user || !a.NotAfter().Equal(noon().Add(day)) {
		t.Errorf("user %q until %s", a.User(), a.NotAfter())
	}
}

func TestFingerprintChangesWithTheCredentials(t *testing.T) {
	ca := newAuthority(t, "acme", noon().Add(-day), noon().Add(365*day))
	authority := data("certificate-authority-data", ca.pem())
	seen := map[string]string{}
	for name, config := range map[string]string{
		"one":            kubeconfig(server+authority, "token: one"),
		"another token":  kubeconfig(server+authority, "token: two"),
		"another name":   kubeconfig(server+"tls-server-name: x\n"+authority, "token: one"),
		"another bundle": kubeconfig(server+data("certificate-authority-data", ca.pem()+ca.pem()), "token: one"),
	} {
		a, fault := Parse([]byte(config), noon())
		if fault != nil {
			t.Fatalf("%s: fault %+v", name, *fault)
		}
		if again, _ := Parse([]byte(config), noon().Add(time.Hour)); again.Fingerprint() != a.Fingerprint() {
			t.Errorf("%s: the fingerprint changes by itself", name)
		}
		if other, ok := seen[a.Fingerprint()]; ok {
			t.Errorf("%s and %s have one fingerprint", name, other)
		}
		seen[a.Fingerprint()] = name
	}
}

func TestParseRefuses(t *testing.T) {
	past, future := noon().Add(-2*day), noon().Add(2*day)
	ca := newAuthority(t, "acme", past, noon().Add(365*day))
	old := newAuthority(t, "old-ca", past, noon().Add(-time.Hour))
	early := newAuthority(t, "early-ca", future, future.Add(day))
	cert, key := ca.client(t, "evenkeel", past, future)
	_, otherKey := ca.client(t, "other", past, future)
	ended, endedKey := ca.client(t, "evenkeel", past, noon().Add(-time.Minute))
	unborn, unbornKey := ca.client(t, "evenkeel", future, future.Add(day))
	nobody, nobodyKey := ca.client(t, "", past, future)
	serving, servingKey := ca.client(t, "kube-apiserver", past, future, x509.ExtKeyUsageServerAuth)

	cluster := server + data("certificate-authority-data", ca.pem())
	pair := func(cert, key string) string {
		return data("client-certificate-data", cert) + data("client-key-data", key)
	}
	user := pair(cert, key)
	good := kubeconfig(cluster, user)
	for _, c := range []struct{ name, config, reason, message string }{
		{"empty", "", v1alpha1.ReasonAccessInvalid, "is empty"},
		{"huge", good + "#" + strings.Repeat("x", 10<<20), v1alpha1.ReasonAccessInvalid, "at most 262144 are read"},
		{"garbage", "\x00\x01\x02", v1alpha1.ReasonAccessInvalid, "not YAML"},
		{"an unknown field", good + "surprise: true\n", v1alpha1.ReasonAccessInvalid, "a field that Config does not have"},
		{"a field twice", good + "current-context: default\n", v1alpha1.ReasonAccessInvalid, "has one twice"},
		{"aliases without end", bomb(), v1alpha1.ReasonAccessInvalid, "not YAML"},
		{"another kind", "apiVersion: v1\nkind: Secret\n", v1alpha1.ReasonAccessInvalid, "must be Config"},
		{"no context", strings.Replace(good, "current-context: default", "current-context: ''", 1), v1alpha1.ReasonAccessInvalid, "no current-context"},
		{"a context that is not there", strings.Replace(good, "current-context: default", "current-context: else", 1), v1alpha1.ReasonAccessInvalid, "0 contexts named \"else\""},
		{"a cluster that is not there", strings.Replace(good, "cluster: tenant,", "cluster: else,", 1), v1alpha1.ReasonAccessInvalid, "0 clusters named \"else\""},
		{"a user that is not there", strings.Replace(good, "user: evenkeel}", "user: else}", 1), v1alpha1.ReasonAccessInvalid, "0 users named \"else\""},
		{"plain HTTP", kubeconfig(strings.Replace(cluster, "https", "http", 1), user), v1alpha1.ReasonAccessInvalid, "must be a URL as in https://"},
		{"a path", kubeconfig(strings.Replace(cluster, ":6443", ":6443/k8s/clusters/c-1", 1), user), v1alpha1.ReasonAccessInvalid, "has a path"},
		{"no CA", kubeconfig(server, user), v1alpha1.ReasonAccessInvalid, "no certificate-authority-data"},
		{"a CA file", kubeconfig(server+"certificate-authority: /etc/ca.crt", user), v1alpha1.ReasonAccessInvalid, "reads no files for a tenant"},
		{"a CA that is none", kubeconfig(server+data("certificate-authority-data", "hello"), user), v1alpha1.ReasonAccessInvalid, "is not PEM"},
		{"a key for a CA", kubeconfig(server+data("certificate-authority-data", key), user), v1alpha1.ReasonAccessInvalid, "is not PEM"},
		{"an expired CA", kubeconfig(server+data("certificate-authority-data", old.pem()), user), v1alpha1.ReasonAccessExpired, "\"old-ca\") expired on 2026-11-23 11:00 UTC: put the tenant's current CA"},
		{"a CA of tomorrow", kubeconfig(server+data("certificate-authority-data", early.pem()), user), v1alpha1.ReasonAccessInvalid, "valid only from 2026-11-25 12:00 UTC"},
		{"insecure", kubeconfig(cluster+"insecure-skip-tls-verify: true", user), v1alpha1.ReasonAccessInvalid, "insecure-skip-tls-verify"},
		{"a proxy", kubeconfig(cluster+"proxy-url: http://127.0.0.1:3128", user), v1alpha1.ReasonAccessInvalid, "proxy-url"},
		{"a command", kubeconfig(cluster, "exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, args: [-c, id], interactiveMode: Never}"), v1alpha1.ReasonAccessInvalid, "runs a command (exec)"},
		{"an auth provider", kubeconfig(cluster, "auth-provider: {name: oidc}"), v1alpha1.ReasonAccessInvalid, "auth-provider"},
		{"a certificate file", kubeconfig(cluster, "client-certificate: /etc/shadow\n"+data("client-key-data", key)), v1alpha1.ReasonAccessInvalid, "names files"},
		{"a key file", kubeconfig(cluster, data("client-certificate-data", cert)+"client-key: /etc/shadow"), v1alpha1.ReasonAccessInvalid, "names files"},
		{"a token file", kubeconfig(cluster, "tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token"), v1alpha1.ReasonAccessInvalid, "names files"},
		{"somebody else", kubeconfig(cluster, user+"as: system:admin"), v1alpha1.ReasonAccessInvalid, "impersonates"},
		{"a password", kubeconfig(cluster, "username: admin\npassword: secret"), v1alpha1.ReasonAccessInvalid, "username and password"},
		{"two ways", kubeconfig(cluster, user+"token: x"), v1alpha1.ReasonAccessInvalid, "leave one"},
		{"no credentials", kubeconfig(cluster, "{}"), v1alpha1.ReasonAccessInvalid, "no credentials"},
		{"no key", kubeconfig(cluster, data("client-certificate-data", cert)), v1alpha1.ReasonAccessInvalid, "certificate and no key"},
		{"no certificate", kubeconfig(cluster, data("client-key-data", key)), v1alpha1.ReasonAccessInvalid, "key and no certificate"},
		{"another's key", kubeconfig(cluster, pair(cert, otherKey)), v1alpha1.ReasonAccessInvalid, "is not the private key of its client certificate (\"evenkeel\")"},
		{"a certificate that is none", kubeconfig(cluster, pair("hello", key)), v1alpha1.ReasonAccessInvalid, "client-certificate-data is not PEM"},
		{"an expired certificate", kubeconfig(cluster, pair(ended, endedKey)), v1alpha1.ReasonAccessExpired, "client certificate (\"evenkeel\") expired on 2026-11-23 11:59 UTC: issue a new one and replace it in the access Secret"},
		{"a certificate of tomorrow", kubeconfig(cluster, pair(unborn, unbornKey)), v1alpha1.ReasonAccessInvalid, "valid only from 2026-11-25 12:00 UTC, it is 2026-11-23 12:00 UTC now"},
		{"a certificate of nobody", kubeconfig(cluster, pair(nobody, nobodyKey)), v1alpha1.ReasonAccessInvalid, "no common name"},
		{"a server's certificate", kubeconfig(cluster, pair(serving, servingKey)), v1alpha1.ReasonAccessInvalid, "clientAuth"},
		{"an expired token", kubeconfig(cluster, "token: "+jwt(`{"sub":"me","exp":1000000000}`)), v1alpha1.ReasonAccessExpired, "token (\"me\") expired on 2001-09-09 01:46 UTC: request a new one"},
		{"a token of tomorrow", kubeconfig(cluster, "token: "+jwt(`{"sub":"me","nbf":4000000000}`)), v1alpha1.ReasonAccessInvalid, "valid only from"},
		{"a token with a line end", kubeconfig(cluster, `token: "abc\ndef"`), v1alpha1.ReasonAccessInvalid, "line ends"},
		{"a token without end", kubeconfig(cluster, "token: "+strings.Repeat("x", 20<<10)), v1alpha1.ReasonAccessInvalid, "at most 16384 are sent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			begun := time.Now()
			a, fault := Parse([]byte(c.config), noon())
			if fault == nil || a != nil {
				t.Fatal("it was accepted")
			}
			if fault.Reason != c.reason || !strings.Contains(fault.Message, c.message) {
				t.Errorf("fault %s: %s\nwant %s and %q", fault.Reason, fault.Message, c.reason, c.message)
			}
			if len(fault.Message) > 1024 {
				t.Errorf("the message has %d bytes", len(fault.Message))
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	if _, fault := Parse([]byte(good), noon()); fault != nil {
		t.Errorf("what the cases are made of is refused: %+v", *fault)
	}
}

// While a CA is replaced the bundle has both, and only one need be valid.
func TestParseAcceptsABundleWithAnOldCA(t *testing.T) {
	old := newAuthority(t, "old", noon().Add(-2*day), noon().Add(-day))
	current := newAuthority(t, "new", noon().Add(-day), noon().Add(5*day))
	a, fault := Parse([]byte(kubeconfig(server+data("certificate-authority-data", old.pem()+current.pem()), "token: x")), noon())
	if fault != nil {
		t.Fatalf("fault %+v", *fault)
	}
	if !a.NotAfter().Equal(current.cert.NotAfter) {
		t.Errorf("it ends %s, want the end of the CA that lasts", a.NotAfter())
	}
}

// bomb is YAML whose aliases stand for billions of values.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [" + strings.Repeat("x, ", 8) + "x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 8), i-1)
	}
	return b.String()
}

// A message must not carry what it complains about to whoever reads conditions.
func TestMessagesKeepSecrets(t *testing.T) {
	const secret = "TopSecretToken"
	for _, config := range []string{
		"token: " + secret,
		kubeconfig(server, "token: "+secret),
		kubeconfig(server, "token: ["+secret+"]"),
		kubeconfig(server, "token:\n  "+secret+": "+secret),
		kubeconfig(server, "client-key-data: "+secret+"!"),
		kubeconfig(server+data("certificate-authority-data", secret), "password: "+secret),
		kubeconfig("server: https://user:"+secret+"@example.com", "token: "+secret),
	} {
		_, fault := Parse([]byte(config), noon())
		if fault == nil {
			t.Errorf("accepted:\n%s", config)
		} else if strings.Contains(fault.Message, secret) {
			t.Errorf("the message repeats the secret: %s", fault.Message)
		}
	}
}
