// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package host_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
	"evenkeel.dev/evenkeel/bench/testbed/host"
	"evenkeel.dev/evenkeel/bench/testbed/process"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

func TestMain(m *testing.M) {
	process.MaybeShim()
	os.Exit(m.Run())
}

// binaries are the upstream servers that `make test` has built.
func binaries(t *testing.T) servers.Binaries {
	t.Helper()
	dir := os.Getenv("KUBEBUILDER_ASSETS")
	if dir == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	return servers.Binaries{
		KubeAPIServer: at("kube-apiserver"), KubeControllerManager: at("kube-controller-manager"),
		KubeScheduler: at("kube-scheduler"), Kubectl: at("kubectl"), Etcd: at("etcd"),
	}
}

func TestHostClusterRunsRealControllers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	runner, err := process.NewRunner(dir)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := cgroup.Detect(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := host.Start(ctx, host.Options{Dir: filepath.Join(dir, "host"), Binaries: binaries(t), Runner: runner, Cgroups: groups, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Whatever a failed test has left; after a good one there is nothing.
		if err := errors.Join(process.Clean(dir), groups.Clean()); err != nil {
			t.Error(err)
		}
	})
	client, err := kubernetes.NewForConfig(c.AdminConfig)
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{"app": "idle"}
	_, err = client.AppsV1().Deployments("default").Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "idle"},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](2), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "idle", Image: "idle"}}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	awaitUnschedulable(ctx, t, client, 2)
	_, user, err := c.Kubeconfig("somebody")
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := kubernetes.NewForConfig(user)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nobody.CoreV1().Secrets("kube-system").List(ctx, metav1.ListOptions{}); err == nil {
		t.Error("a user without any role may list secrets: RBAC is not on")
	}
	wantNodeRestricted(ctx, t, c)
	wantEtcdClosed(ctx, t, filepath.Join(dir, "host"), user)

	stop, cancelStop := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancelStop()
	if err := c.Stop(stop); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if left := commandsNaming(t, dir); len(left) > 0 {
		t.Errorf("after Stop there still run %q", left)
	}
}

// wantNodeRestricted checks that a node may make itself, but no other node.
func wantNodeRestricted(ctx context.Context, t *testing.T, c *host.Cluster) {
	t.Helper()
	_, config, err := c.Kubeconfig("system:node:node-a", "system:nodes")
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	for name, allowed := range map[string]bool{"node-a": true, "node-b": false} {
		_, err := client.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		if allowed && err != nil || !allowed && !apierrors.IsForbidden(err) {
			t.Errorf("node-a makes %s: %v, want allowed: %t", name, err, allowed)
		}
	}
}

// wantEtcdClosed checks that a client certificate of the cluster does not open
// its etcd, past all of its RBAC.
func wantEtcdClosed(ctx context.Context, t *testing.T, dir string, user *rest.Config) {
	t.Helper()
	url := etcdURL(t, dir)
	theirs, err := tls.X509KeyPair(user.CertData, user.KeyData)
	if err != nil {
		t.Fatal(err)
	}
	own, err := tls.LoadX509KeyPair(filepath.Join(dir, "pki/etcd-client.crt"), filepath.Join(dir, "pki/etcd-client.key"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "pki/etcd-ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	for name, pair := range map[string]tls.Certificate{"the apiserver": own, "somebody": theirs} {
		client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig: &tls.Config{
				MinVersion: tls.VersionTLS12, RootCAs: roots,
				// Offered whichever CA the server asks for.
				GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil },
			},
		}}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/version", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(request)
		if err == nil {
			_ = answer.Body.Close()
		}
		if allowed := name == "the apiserver"; (err == nil) != allowed {
			t.Errorf("etcd with the certificate of %s: %v, want allowed: %t", name, err, allowed)
		}
	}
}

// etcdURL is where the cluster's etcd listens, from its command line.
func etcdURL(t *testing.T, dir string) string {
	t.Helper()
	for _, command := range commandsNaming(t, filepath.Join(dir, "etcd")) {
		for argument := range strings.FieldsSeq(command) {
			if url, ok := strings.CutPrefix(argument, "--advertise-client-urls="); ok {
				return url
			}
		}
	}
	t.Fatal("no etcd runs")
	return ""
}

// commandsNaming are the command lines of running processes that name a folder.
func commandsNaming(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		if command := strings.ReplaceAll(string(raw), "\x00", " "); strings.Contains(command, dir) {
			commands = append(commands, command)
		}
	}
	return commands
}

// awaitUnschedulable waits until the scheduler has said of so many pods that
// there is no node for them.
func awaitUnschedulable(ctx context.Context, t *testing.T, client kubernetes.Interface, want int) {
	t.Helper()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		pods, err := client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=idle"})
		if err != nil {
			t.Fatal(err)
		}
		said := 0
		for _, p := range pods.Items {
			for _, c := range p.Status.Conditions {
				if c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable {
					said++
				}
			}
		}
		if said == want {
			tick.Stop()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d of %d pods are known to be unschedulable", said, want)
		case <-tick.C:
		}
	}
}
