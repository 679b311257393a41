// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
	"evenkeel.dev/evenkeel/bench/testbed/host"
	"evenkeel.dev/evenkeel/bench/testbed/node"
	"evenkeel.dev/evenkeel/bench/testbed/process"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
	"evenkeel.dev/evenkeel/bench/testbed/tenant"
)

func TestMain(m *testing.M) {
	process.MaybeShim()
	os.Exit(m.Run())
}

var zones = []string{"a", "b", "c"}

// raise starts a host cluster with a node in each zone. Everything it starts is
// gone at the end of the test, or the test fails.
func raise(t *testing.T) (*host.Cluster, string) {
	t.Helper()
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run the tests with `make test`")
	}
	binaries := servers.Binaries{
		KubeAPIServer:         filepath.Join(assets, "kube-apiserver"),
		KubeControllerManager: filepath.Join(assets, "kube-controller-manager"),
		KubeScheduler:         filepath.Join(assets, "kube-scheduler"),
		Etcd:                  filepath.Join(assets, "etcd"),
	}
	dir := t.TempDir()
	cgroups, err := cgroup.Detect(dir)
	must(t, err)
	t.Cleanup(func() {
		if err := cgroups.Clean(); err != nil {
			t.Error(err)
		}
		if left := commandsNaming(t, dir); len(left) > 0 {
			t.Errorf("left running: %v", left)
		}
	})
	runner, err := process.NewRunner(dir)
	must(t, err)
	cluster, err := host.Start(t.Context(), host.Options{
		Dir: filepath.Join(dir, "host"), Binaries: binaries, Runner: runner, Cgroups: cgroups, Logf: t.Logf,
	})
	must(t, err)
	stop(t, "the host", cluster.Stop)
	for i, zone := range zones {
		name, address := "tenant-test-"+zone, net.IPv4(127, 84, 1, byte(i+1))
		_, config, err := cluster.Kubeconfig("system:node:"+name, "system:nodes")
		must(t, err)
		pair, err := cluster.NodeServingPair(name, address)
		must(t, err)
		agent, err := node.Start(t.Context(), node.Options{
			Name: name, Zone: zone, Address: address,
			PodCIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 85 + byte(i), 0, 0}), 16),
			CPU:     resource.MustParse("4"), Memory: resource.MustParse("16Gi"),
			Dir: filepath.Join(dir, "nodes", name), Config: config,
			Images: map[string][]string{
				"registry.k8s.io/kube-apiserver": {binaries.KubeAPIServer},
				"registry.k8s.io/etcd":           {binaries.Etcd},
			},
			Runner: runner, Cgroups: cgroups, ServingPair: pair, ClientCA: cluster.CA.PEM(), Logf: t.Logf,
		})
		must(t, err)
		stop(t, name, agent.Stop)
	}
	return cluster, dir
}

func stop(t *testing.T, what string, end func(context.Context) error) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
		defer cancel()
		if err := end(ctx); err != nil {
			t.Errorf("stopping %s: %v", what, err)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// commandsNaming are the processes whose arguments name the folder.
func commandsNaming(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	var found []string
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(raw), dir) {
			found = append(found, strings.ReplaceAll(string(raw), "\x00", " "))
		}
	}
	return found
}

func TestATenantFromStartToStop(t *testing.T) {
	cluster, dir := raise(t)
	began := time.Now()
	acme, err := tenant.Start(t.Context(), tenant.Options{
		Name: "acme", Namespace: "tenant-acme", Host: cluster, Dir: filepath.Join(dir, "tenant"), Zones: zones,
		APIServer: tenant.Resources{CPULimit: resource.MustParse("500m")},
		Etcd:      tenant.Resources{CPULimit: resource.MustParse("300m")},
		Pool:      "127.94.1.0/28", Logf: t.Logf,
	})
	must(t, err)
	stopped := false
	stop(t, "the tenant", func(ctx context.Context) error {
		if stopped {
			return nil
		}
		return acme.Stop(ctx)
	})
	t.Logf("the tenant was ready after %.1f s", time.Since(began).Seconds())
	t.Run("spread over zones", func(t *testing.T) { testSpread(t, acme) })
	t.Run("read and write", func(t *testing.T) { testReadWrite(t, acme) })
	t.Run("identities", func(t *testing.T) { testIdentities(t, cluster, acme) })
	t.Run("a replica is replaced", func(t *testing.T) { testReplacement(t, cluster, acme) })
	began = time.Now()
	must(t, acme.Stop(t.Context()))
	stopped = true
	t.Logf("the tenant was stopped after %.1f s", time.Since(began).Seconds())
	if left := commandsNaming(t, filepath.Join(dir, "nodes")); len(left) > 0 {
		t.Errorf("left running: %v", left)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "tenant", "volumes")); err != nil || len(left) > 0 {
		t.Errorf("volumes left: %v, %v", left, err)
	}
}

func testSpread(t *testing.T, acme *tenant.Tenant) {
	replicas, err := acme.Replicas(t.Context())
	must(t, err)
	members, err := acme.Members(t.Context())
	must(t, err)
	var addresses []string
	for _, m := range members {
		addresses = append(addresses, m.Address)
	}
	want := []string{"127.94.1.10:2379", "127.94.1.11:2379", "127.94.1.12:2379"}
	if diff := cmp.Diff(want, addresses); diff != "" {
		t.Errorf("the members' addresses: %s", diff)
	}
	for what, pods := range map[string][]tenant.Replica{"apiservers": replicas, "members": members} {
		var in []string
		for _, p := range pods {
			in = append(in, p.Zone)
			if !p.Ready || p.Restarts != 0 || p.UID == "" {
				t.Errorf("%+v, want it ready and never restarted", p)
			}
		}
		slices.Sort(in)
		if diff := cmp.Diff(zones, in); diff != "" {
			t.Errorf("the %s' zones: %s", what, diff)
		}
	}
}

func testReadWrite(t *testing.T, acme *tenant.Tenant) {
	must(t, acme.Apply(t.Context(), []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: default, name: greeting}\ndata: {hello: world}\n")))
	replicas, err := acme.Replicas(t.Context())
	must(t, err)
	ways := map[string]*rest.Config{"the balancer": acme.AdminConfig}
	for _, r := range replicas {
		ways[r.Address] = acme.ReplicaConfig(r)
	}
	for way, config := range ways {
		c := kubernetes.NewForConfigOrDie(config)
		got, err := c.CoreV1().ConfigMaps("default").Get(t.Context(), "greeting", metav1.GetOptions{})
		if err != nil || got.Data["hello"] != "world" {
			t.Errorf("by %s: %v, %v", way, got.Data, err)
		}
	}
	// A pod of the tenant needs nothing but its namespace's default ServiceAccount.
	c := kubernetes.NewForConfigOrDie(acme.AdminConfig)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	if _, err := c.CoreV1().Pods("default").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Error(err)
	}
}

// testIdentities asks the tenant who it thinks they are.
func testIdentities(t *testing.T, cluster *host.Cluster, acme *tenant.Tenant) {
	secret, err := kubernetes.NewForConfigOrDie(cluster.AdminConfig).CoreV1().Secrets("tenant-acme").
		Get(t.Context(), "acme-evenkeel", metav1.GetOptions{})
	must(t, err)
	if diff := cmp.Diff(string(acme.EvenkeelKubeconfig), string(secret.Data["kubeconfig"])); diff != "" {
		t.Errorf("Evenkeel's kubeconfig in the Secret: %s", diff)
	}
	replicas, err := acme.Replicas(t.Context())
	must(t, err)
	for _, r := range replicas {
		// As Evenkeel does: the replica's own address, the certificate by name.
		config, err := clientcmd.RESTConfigFromKubeConfig(acme.EvenkeelKubeconfig)
		must(t, err)
		if config.Host != "https://kube-apiserver.tenant-acme.svc:6443" {
			t.Errorf("the kubeconfig's server is %s", config.Host)
		}
		config.Host = "https://" + r.Address
		whoAmI(t, config, "evenkeel")
	}
	testEtcdClient(t, cluster, acme)
	account, err := acme.ServiceAccountConfig(t.Context(), "telemetry", "agent")
	must(t, err)
	whoAmI(t, account, "system:serviceaccount:telemetry:agent")
	of, err := acme.ConfigFor("system:node:n1", []string{"system:nodes"})
	must(t, err)
	whoAmI(t, of, "system:node:n1")
	_, err = kubernetes.NewForConfigOrDie(account).CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err == nil || !strings.Contains(err.Error(), "forbidden") {
		t.Errorf("a new service account may list pods: %v", err)
	}
}

// testEtcdClient reads the metrics of every member with the Secret and under the name
// that the sample profile gives.
func testEtcdClient(t *testing.T, cluster *host.Cluster, acme *tenant.Tenant) {
	t.Helper()
	raw, err := os.ReadFile("../../../manifests/samples/acme.yaml")
	must(t, err)
	var sample v1alpha1.ControlPlaneProfile
	must(t, yaml.UnmarshalStrict(raw, &sample))
	secret, err := kubernetes.NewForConfigOrDie(cluster.AdminConfig).CoreV1().Secrets(sample.Namespace).
		Get(t.Context(), sample.Spec.Etcd.ClientTLS.SecretRef.Name, metav1.GetOptions{})
	must(t, err)
	client, err := rest.HTTPClientFor(&rest.Config{TLSClientConfig: rest.TLSClientConfig{
		ServerName: sample.Spec.Etcd.ClientTLS.ServerName,
		CAData:     secret.Data["ca.crt"], CertData: secret.Data["tls.crt"], KeyData: secret.Data["tls.key"],
	}})
	must(t, err)
	defer client.CloseIdleConnections()
	members, err := acme.Members(t.Context())
	must(t, err)
	if len(members) != 3 {
		t.Errorf("%d members", len(members))
	}
	for _, m := range members {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+m.Address+"/metrics", nil)
		must(t, err)
		response, err := client.Do(request)
		must(t, err)
		page, err := io.ReadAll(response.Body)
		must(t, errors.Join(err, response.Body.Close()))
		if response.StatusCode != http.StatusOK || !strings.Contains(string(page), "\netcd_server_has_leader 1\n") {
			t.Errorf("%s answers %s with %d bytes", m.Name, response.Status, len(page))
		}
	}
}

func whoAmI(t *testing.T, config *rest.Config, want string) {
	t.Helper()
	review, err := kubernetes.NewForConfigOrDie(config).AuthenticationV1().SelfSubjectReviews().
		Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil || review.Status.UserInfo.Username != want {
		t.Errorf("at %s: %q, %v, want %q", config.Host, review.Status.UserInfo.Username, err, want)
	}
}

// testReplacement deletes a replica: the Deployment makes another one in the same
// zone, the balancer follows, and nobody who connects anew is turned away.
func testReplacement(t *testing.T, cluster *host.Cluster, acme *tenant.Tenant) {
	before, err := acme.Replicas(t.Context())
	must(t, err)
	gone := before[0]
	pods := kubernetes.NewForConfigOrDie(cluster.AdminConfig).CoreV1().Pods("tenant-acme")
	must(t, pods.Delete(t.Context(), gone.Name, metav1.DeleteOptions{}))
	began := time.Now()
	var after []tenant.Replica
	asked := 0
	err = wait.PollUntilContextTimeout(t.Context(), 300*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		fresh, err := acme.ConfigFor("admin", []string{"system:masters"}) // a connection of its own
		if err != nil {
			return false, err
		}
		if _, err := kubernetes.NewForConfigOrDie(fresh).CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{}); err != nil {
			return false, err
		}
		asked++
		after, err = acme.Replicas(ctx)
		return err == nil && len(after) == 3 && ready(after) && !has(after, gone) && len(acme.Backends()) == 3, err
	})
	if err != nil {
		t.Fatalf("%v; after %d requests: %+v, %+v", err, asked, after, acme.Backends())
	}
	t.Logf("%s was replaced within %.1f s", gone.Name, time.Since(began).Seconds())
	if !slices.ContainsFunc(after, func(r tenant.Replica) bool { return r.Zone == gone.Zone }) {
		t.Errorf("zone %s has no replica any more: %+v", gone.Zone, after)
	}
	for _, b := range acme.Backends() {
		if b.Name == gone.Name {
			t.Errorf("the balancer still has %+v", b)
		}
	}
}

func ready(replicas []tenant.Replica) bool {
	return !slices.ContainsFunc(replicas, func(r tenant.Replica) bool { return !r.Ready })
}

func has(replicas []tenant.Replica, one tenant.Replica) bool {
	return slices.ContainsFunc(replicas, func(r tenant.Replica) bool { return r.UID == one.UID })
}
