// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
	"evenkeel.dev/evenkeel/bench/testbed/host"
	"evenkeel.dev/evenkeel/bench/testbed/node"
	"evenkeel.dev/evenkeel/bench/testbed/process"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// bed is a host cluster with three nodes.
type bed struct {
	dir    string
	host   *host.Cluster
	client kubernetes.Interface
	runner *process.Runner
	groups *cgroup.Manager
	nodes  map[string]*node.Agent
}

func newBed(ctx context.Context, t *testing.T) *bed {
	t.Helper()
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")
	}
	b := &bed{dir: t.TempDir(), nodes: map[string]*node.Agent{}}
	var err error
	if b.runner, err = process.NewRunner(b.dir); err != nil {
		t.Fatal(err)
	}
	if b.groups, err = cgroup.Detect(b.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // whatever a failed test has left; after a good one there is nothing
		for _, agent := range b.nodes {
			agent.Kill() // else one that fails just then starts a container again
		}
		if err := errors.Join(process.Clean(b.dir), b.groups.Clean()); err != nil {
			t.Error(err)
		}
	})
	at := func(name string) string { return filepath.Join(assets, name) }
	b.host, err = host.Start(ctx, host.Options{
		Dir: filepath.Join(b.dir, "host"), Runner: b.runner, Cgroups: b.groups,
		Binaries: servers.Binaries{
			KubeAPIServer: at("kube-apiserver"), KubeControllerManager: at("kube-controller-manager"),
			KubeScheduler: at("kube-scheduler"), Etcd: at("etcd"), MetricsServer: at("metrics-server"),
			VPAUpdater: at("vpa-updater"), VPAAdmission: at("vpa-admission-controller"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if b.client, err = kubernetes.NewForConfig(b.host.AdminConfig); err != nil {
		t.Fatal(err)
	}
	for i, zone := range []string{"a", "b", "c"} {
		b.startNode(ctx, t, zone, byte(i+1))
	}
	return b
}

func (b *bed) startNode(ctx context.Context, t *testing.T, zone string, number byte) {
	t.Helper()
	name, address := "node-"+zone, net.IPv4(127, 96, 1, number)
	_, config, err := b.host.Kubeconfig("system:node:"+name, "system:nodes")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := b.host.NodeServingPair(name, address)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	agent, err := node.Start(ctx, node.Options{
		Name: name, Zone: zone, Address: address,
		PodCIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{127, 96 + number, 0, 0}), 16),
		CPU:     resource.MustParse("4"), Memory: resource.MustParse("8Gi"),
		Dir: filepath.Join(b.dir, name), Config: config,
		Images: map[string][]string{"example.test/app": {self}, "evenkeel": {filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "evenkeel")}},
		Runner: b.runner, Cgroups: b.groups, ServingPair: pair, ClientCA: b.host.CA.PEM(), Logf: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.nodes[zone] = agent
}

// template is a pod that runs the test binary as a server.
func template(app string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: new(int64(5)),
			TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
				MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule,
				LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}},
			}},
			Containers: []corev1.Container{{
				Name: "app", Image: "example.test/app:v1",
				Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
				Env: []corev1.EnvVar{
					{Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}},
					{Name: "POD_SERVER", Value: "$(POD_IP):8080"},
				},
				Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi")},
					Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("512Mi")},
				},
				ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{
					HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("http")},
				}},
			}},
		},
	}
}

// await polls until check returns no error.
func await(ctx context.Context, t *testing.T, limit time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	last := errors.New("not looked yet")
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, limit, true, func(ctx context.Context) (bool, error) {
		err := check(ctx)
		if err == nil || ctx.Err() == nil { // not merely cut off by the end of the time
			last = err
		}
		return err == nil, nil
	})
	if err != nil {
		t.Fatalf("waiting for %s: %v", what, last)
	}
}

// pods are those of an app that are not being deleted.
func (b *bed) pods(ctx context.Context, app string) ([]corev1.Pod, error) {
	list, err := b.client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
	if err != nil {
		return nil, err
	}
	var live []corev1.Pod
	for _, p := range list.Items {
		if p.DeletionTimestamp == nil {
			live = append(live, p)
		}
	}
	return live, nil
}

// awaitReady waits for so many ready pods.
func (b *bed) awaitReady(ctx context.Context, t *testing.T, app string, want int) []corev1.Pod {
	t.Helper()
	var pods []corev1.Pod
	await(ctx, t, 30*time.Second, fmt.Sprintf("%d ready pods of %s", want, app), func(ctx context.Context) error {
		var err error
		if pods, err = b.pods(ctx, app); err != nil {
			return err
		}
		ready := 0
		var said []string
		for i := range pods {
			if isReady(&pods[i]) {
				ready++
			} else {
				said = append(said, fmt.Sprintf("%s: %s %+v", pods[i].Name, pods[i].Status.Phase, pods[i].Status.ContainerStatuses))
			}
		}
		if ready != want || len(pods) != want {
			return fmt.Errorf("%d of %d are ready, not: %s", ready, len(pods), strings.Join(said, "; "))
		}
		return nil
	})
	return pods
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// ask gets a page of a pod's server.
func ask(ctx context.Context, t *testing.T, p *corev1.Pod, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Status.PodIP+":8080"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %s: %s", path, response.Status, body)
	}
	return string(body)
}
