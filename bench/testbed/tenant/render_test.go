// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"evenkeel.dev/evenkeel/bench/testbed/apply"
	"evenkeel.dev/evenkeel/bench/testbed/pki"
)

func validOptions(t *testing.T) Options {
	t.Helper()
	return Options{
		Name: "acme", Namespace: "tenant-acme", Dir: t.TempDir(), Zones: []string{"a", "b", "c"}, Pool: "127.90.1.0/28",
		APIServer: Resources{CPULimit: resource.MustParse("500m")}, GoAwayChance: 0.005,
	}
}

func rendered(t *testing.T) (Options, *secrets, []byte) {
	t.Helper()
	o, err := validOptions(t).withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s, err := issue(o)
	if err != nil {
		t.Fatal(err)
	}
	documents, err := render(o, s)
	if err != nil {
		t.Fatal(err)
	}
	return o, s, documents
}

func TestARealAPIServerTakesTheManifests(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run the tests with `make test`")
	}
	_, s, documents := rendered(t)
	env := &envtest.Environment{}
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	for range 2 { // applying again changes nothing, and is no error
		if err := apply.Bytes(t.Context(), config, documents); err != nil {
			t.Fatal(err)
		}
	}
	c := kubernetes.NewForConfigOrDie(config)
	checkSecrets(t, c, s)
	d, err := c.AppsV1().Deployments("tenant-acme").Get(t.Context(), "kube-apiserver", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := corev1.ResourceRequirements{
		Requests: corev1.ResourceList{"cpu": resource.MustParse("250m"), "memory": resource.MustParse("512Mi")},
		Limits:   corev1.ResourceList{"cpu": resource.MustParse("500m")},
	}
	if diff := cmp.Diff(want, d.Spec.Template.Spec.Containers[0].Resources); diff != "" {
		t.Errorf("the apiserver's resources: %s", diff)
	}
	etcd, err := c.AppsV1().StatefulSets("tenant-acme").Get(t.Context(), "etcd", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want = corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("256Mi")}}
	if diff := cmp.Diff(want, etcd.Spec.Template.Spec.Containers[0].Resources); diff != "" {
		t.Errorf("etcd's resources, without a limit: %s", diff)
	}
	command := strings.Join(d.Spec.Template.Spec.Containers[0].Command, "\n")
	for _, flag := range []string{
		"--max-requests-inflight=400", "--max-mutating-requests-inflight=200", "--goaway-chance=0.005",
		"--etcd-servers=https://127.90.1.10:2379,https://127.90.1.11:2379,https://127.90.1.12:2379",
	} {
		if !strings.Contains(command, flag) {
			t.Errorf("the apiservers lack %s:\n%s", flag, command)
		}
	}
}

// checkSecrets looks at who may know what.
func checkSecrets(t *testing.T, c kubernetes.Interface, s *secrets) {
	t.Helper()
	list, err := c.CoreV1().Secrets("tenant-acme").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, secret := range list.Items {
		names = append(names, secret.Name)
		keys := string(secret.Data["tls.key"]) + string(secret.Data["ca.key"])
		if secret.Name != "ca" && strings.Contains(keys, string(s.CA.KeyPEM())) {
			t.Errorf("Secret %s holds the authority's key", secret.Name)
		}
	}
	want := []string{"acme-evenkeel", "admin-kubeconfig", "ca", "etcd-ca", "etcd-client", "etcd-member",
		"kube-apiserver-etcd-client", "kube-apiserver-serving", "service-account-keys"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("Secrets: %s", diff)
	}
}

func TestCertificates(t *testing.T) {
	_, s, _ := rendered(t)
	api, etcd := pool(s.CA), pool(s.EtcdCA)
	serving, member, client := certificate(t, s.Serving), certificate(t, s.EtcdMember), certificate(t, s.EtcdClient)
	for name, err := range map[string]error{
		"the Service's name":        serving.VerifyHostname("kube-apiserver.tenant-acme.svc"),
		"the balancer's address":    serving.VerifyHostname("127.0.0.1"),
		"member 0 by address":       member.VerifyHostname("127.90.1.10"),
		"member 2 by address":       member.VerifyHostname("127.90.1.12"),
		"member 1 by name":          member.VerifyHostname("etcd-1.etcd.tenant-acme.svc"),
		"serving, by the API's CA":  verify(serving, api, x509.ExtKeyUsageServerAuth),
		"member as a server":        verify(member, etcd, x509.ExtKeyUsageServerAuth),
		"member as a peer's client": verify(member, etcd, x509.ExtKeyUsageClientAuth),
		"apiserver as etcd's":       verify(client, etcd, x509.ExtKeyUsageClientAuth),
		"Evenkeel as etcd's":        verify(certificate(t, s.EtcdObserver), etcd, x509.ExtKeyUsageClientAuth),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"a pod's address in the serving certificate": serving.VerifyHostname("127.81.0.3"),
		"a serving certificate as a client":          verify(serving, api, x509.ExtKeyUsageClientAuth),
		"the API's certificates at etcd":             verify(serving, etcd, x509.ExtKeyUsageServerAuth),
		"Evenkeel's certificate as a member's":       verify(certificate(t, s.EtcdObserver), etcd, x509.ExtKeyUsageServerAuth),
		"a fourth member":                            member.VerifyHostname("127.90.1.13"),
	} {
		if err == nil {
			t.Errorf("%s passes", name)
		}
	}
	for _, ip := range serving.IPAddresses {
		if ip.IsLoopback() && !ip.Equal(net.IPv4(127, 0, 0, 1)) {
			t.Errorf("the serving certificate is for %s", ip)
		}
	}
}

func pool(ca *pki.CA) *x509.CertPool {
	p := x509.NewCertPool()
	p.AppendCertsFromPEM(ca.PEM())
	return p
}

func certificate(t *testing.T, p *pki.Pair) *x509.Certificate {
	t.Helper()
	if _, err := tls.X509KeyPair(p.CertPEM, p.KeyPEM); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(p.CertPEM)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func verify(c *x509.Certificate, roots *x509.CertPool, use x509.ExtKeyUsage) error {
	_, err := c.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{use}})
	return err
}

func TestOptionsSayWhatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"needs 3 zones, not 2: [a b]": func(o *Options) { o.Zones = o.Zones[:2] },
		"needs a name, a namespace":   func(o *Options) { o.Namespace = "" },
		"no '/'":                      func(o *Options) { o.Pool = "127.90.1.0" },
		"pool 127.90.1.0/29 is too small: member 0 would have 127.90.1.10": func(o *Options) { o.Pool = "127.90.1.0/29" },
	} {
		o := validOptions(t)
		change(&o)
		if _, err := o.withDefaults(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want %q", err, want)
		}
	}
}

func TestTroubleSaysWhyAPodIsNotReady(t *testing.T) {
	waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 20s"}}
	last := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", Message: "address in use"}}
	condition := func(kind corev1.PodConditionType, s corev1.ConditionStatus, message string) corev1.PodCondition {
		return corev1.PodCondition{Type: kind, Status: s, Message: message}
	}
	for _, c := range []struct {
		status corev1.PodStatus
		want   string
	}{
		{corev1.PodStatus{Phase: "Running", Conditions: []corev1.PodCondition{condition("Ready", "True", "")}}, ""},
		{corev1.PodStatus{Phase: "Pending", Conditions: []corev1.PodCondition{condition("PodScheduled", "False", "0/3 nodes are available")}},
			"Pending, not ready; PodScheduled: 0/3 nodes are available"},
		{corev1.PodStatus{Phase: "Running", ContainerStatuses: []corev1.ContainerStatus{{State: waiting, LastTerminationState: last, RestartCount: 2}}},
			"Running, not ready; waiting (CrashLoopBackOff) back-off 20s; restarted 2 times, last exit 1 Error address in use"},
	} {
		if got := trouble(&corev1.Pod{Status: c.status}); got != c.want {
			t.Errorf("trouble = %q, want %q", got, c.want)
		}
	}
}
