// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TestPodsOnThreeNodes runs pods on three nodes under real controllers and the
// real scheduler. The parts follow each other on one cluster, for starting one
// takes longer than all of them.
func TestPodsOnThreeNodes(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	b := newBed(ctx, t)
	pods := b.deploy(ctx, t)
	b.wantOnePerZone(ctx, t, pods)
	b.wantIdentity(ctx, t, &pods[0])
	b.wantLogsAndUsage(ctx, t, &pods[0])
	b.killed(ctx, t, &pods[0])
	b.resized(ctx, t, &pods[1])
	b.evicted(ctx, t)
	b.stateful(ctx, t)
	b.powerCut(ctx, t)
	b.stopped(ctx, t)
}

func (b *bed) deploy(ctx context.Context, t *testing.T) []corev1.Pod {
	t.Helper()
	_, err := b.client.AppsV1().Deployments("default").Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(3)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			Template: template("web"),
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return b.awaitReady(ctx, t, "web", 3)
}

func (b *bed) wantOnePerZone(ctx context.Context, t *testing.T, pods []corev1.Pod) {
	t.Helper()
	zones, addresses := map[string]bool{}, map[string]bool{}
	for _, p := range pods {
		n, err := b.client.CoreV1().Nodes().Get(ctx, p.Spec.NodeName, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		zones[n.Labels[corev1.LabelTopologyZone]], addresses[p.Status.PodIP] = true, true
		if n.Status.NodeInfo.KubeletVersion != "v1.36.3" || n.Status.DaemonEndpoints.KubeletEndpoint.Port == 0 {
			t.Errorf("node %s says version %q, port %d", n.Name, n.Status.NodeInfo.KubeletVersion, n.Status.DaemonEndpoints.KubeletEndpoint.Port)
		}
		if p.Status.HostIP != n.Status.Addresses[0].Address || p.Status.ObservedGeneration != p.Generation {
			t.Errorf("pod %s: hostIP %s, observedGeneration %d of %d", p.Name, p.Status.HostIP, p.Status.ObservedGeneration, p.Generation)
		}
	}
	if len(zones) != 3 || len(addresses) != 3 {
		t.Errorf("pods are in zones %v at %v, want three of each", zones, addresses)
	}
}

func (b *bed) wantIdentity(ctx context.Context, t *testing.T, p *corev1.Pod) {
	t.Helper()
	if got := ask(ctx, t, p, "/whoami"); got != "system:serviceaccount:default:default" {
		t.Errorf("the pod is %q to the API server", got)
	}
}

func (b *bed) wantLogsAndUsage(ctx context.Context, t *testing.T, p *corev1.Pod) {
	t.Helper()
	log, err := b.client.CoreV1().Pods("default").GetLogs(p.Name, &corev1.PodLogOptions{TailLines: new(int64(1))}).DoRaw(ctx)
	if err != nil || !strings.HasPrefix(string(log), "serving at "+p.Status.PodIP) {
		t.Errorf("its log says %q, %v", log, err)
	}
	page := b.usagePage(ctx, t, p.Spec.NodeName)
	for _, metric := range []string{"container_memory_working_set_bytes", "container_cpu_usage_seconds_total", "container_start_time_seconds"} {
		if want := fmt.Sprintf(`%s{container="app",namespace="default",pod=%q} `, metric, p.Name); !strings.Contains(page, want) {
			t.Errorf("/metrics/resource has no %s:\n%s", want, page)
		}
	}
}

// usagePage reads a node's /metrics/resource as metrics-server does: by the token
// of a service account that may get nodes/metrics.
func (b *bed) usagePage(ctx context.Context, t *testing.T, name string) string {
	t.Helper()
	n, err := b.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := b.client.CoreV1().ServiceAccounts("default").CreateToken(ctx, "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(b.host.CA.PEM())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	get := func(bearer string) (int, string) {
		url := fmt.Sprintf("https://%s:%d/metrics/resource", n.Status.Addresses[0].Address, n.Status.DaemonEndpoints.KubeletEndpoint.Port)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if bearer != "" {
			request.Header.Set("Authorization", "Bearer "+bearer)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	if code, body := get(""); code != http.StatusUnauthorized {
		t.Errorf("nobody gets %d: %s", code, body)
	}
	if code, body := get("not.a.token"); code != http.StatusUnauthorized {
		t.Errorf("a wrong token gets %d: %s", code, body)
	}
	role := metav1.ObjectMeta{Name: "usage"}
	_, err = b.client.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: role, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"nodes/metrics"}, Verbs: []string{"get"}},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: role, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "default", Name: "default"}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	code, page := get(token.Status.Token)
	if code != http.StatusOK {
		t.Fatalf("who may get nodes/metrics gets %d: %s", code, page)
	}
	return page
}

func (b *bed) killed(ctx context.Context, t *testing.T, p *corev1.Pod) {
	t.Helper()
	pid, err := strconv.Atoi(ask(ctx, t, p, "/pid"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, 15*time.Second, "the killed container's restart", func(ctx context.Context) error {
		now, err := b.client.CoreV1().Pods("default").Get(ctx, p.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s := now.Status.ContainerStatuses[0]
		last := s.LastTerminationState.Terminated
		if s.RestartCount != 1 || !isReady(now) || last == nil || last.ExitCode != 137 || last.Reason != "Error" {
			return fmt.Errorf("restarts %d, ready %t, last %+v", s.RestartCount, isReady(now), last)
		}
		return nil
	})
}

func (b *bed) resized(ctx context.Context, t *testing.T, p *corev1.Pod) {
	t.Helper()
	b.resize(ctx, t, p, "200m", "700m", nil)
	await(ctx, t, 10*time.Second, "the resize", func(ctx context.Context) error {
		now, err := b.client.CoreV1().Pods("default").Get(ctx, p.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s := now.Status.ContainerStatuses[0]
		if s.Resources.Limits.Cpu().String() != "700m" || s.AllocatedResources.Cpu().String() != "200m" || s.RestartCount != 0 {
			return fmt.Errorf("resources %+v, allocated %v, restarts %d", s.Resources, s.AllocatedResources, s.RestartCount)
		}
		return nil
	})
	g, err := b.groups.Group("pods/" + string(p.UID) + "/app")
	if err != nil {
		t.Fatal(err)
	}
	switch b.groups.Mode() {
	case "v1":
		wantFile(t, filepath.Join(filepath.Dir(g.ProcsFiles()[0]), "cpu.cfs_quota_us"), "70000")
	case "v2":
		wantFile(t, filepath.Join(filepath.Dir(g.ProcsFiles()[0]), "cpu.max"), "70000 100000")
	}
	b.deferred(ctx, t, p)
}

// deferred asks for more than the node has left, and then makes room.
func (b *bed) deferred(ctx context.Context, t *testing.T, p *corev1.Pod) {
	t.Helper()
	spec := template("large")
	spec.Name = "large"
	spec.Spec.NodeName, spec.Spec.TopologySpreadConstraints = p.Spec.NodeName, nil
	spec.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("3")}}
	large := &corev1.Pod{ObjectMeta: spec.ObjectMeta, Spec: spec.Spec}
	if _, err := b.client.CoreV1().Pods("default").Create(ctx, large, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	b.awaitReady(ctx, t, "large", 1)
	b.resize(ctx, t, p, "2", "2", func(c corev1.PodCondition) error {
		if c.Reason != corev1.PodReasonDeferred || c.Message != "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000" {
			return fmt.Errorf("%s: %s", c.Reason, c.Message)
		}
		return nil
	})
	if err := b.client.CoreV1().Pods("default").Delete(ctx, "large", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, 15*time.Second, "the deferred resize", func(ctx context.Context) error {
		now, err := b.client.CoreV1().Pods("default").Get(ctx, p.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s := now.Status.ContainerStatuses[0]
		if s.Resources.Limits.Cpu().String() != "2" || s.RestartCount != 0 {
			return fmt.Errorf("resources %+v, conditions %+v", s.Resources, now.Status.Conditions)
		}
		return nil
	})
}

// resize asks for other CPU and waits for what the PodResizePending condition is
// to say.
func (b *bed) resize(ctx context.Context, t *testing.T, p *corev1.Pod, request, limit string, pending func(corev1.PodCondition) error) {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":%q},"limits":{"cpu":%q}}}]}}`, request, limit)
	_, err := b.client.CoreV1().Pods("default").Patch(ctx, p.Name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "resize")
	if err != nil {
		t.Fatal(err)
	}
	if pending == nil {
		return
	}
	await(ctx, t, 10*time.Second, "the condition PodResizePending", func(ctx context.Context) error {
		now, err := b.client.CoreV1().Pods("default").Get(ctx, p.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, c := range now.Status.Conditions {
			if c.Type == corev1.PodResizePending {
				return pending(c)
			}
		}
		return fmt.Errorf("conditions %+v", now.Status.Conditions)
	})
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	if got := strings.TrimSpace(string(raw)); got != want {
		t.Errorf("%s is %q, want %q", filepath.Base(path), got, want)
	}
}

func (b *bed) evicted(ctx context.Context, t *testing.T) {
	t.Helper()
	_, err := b.client.PolicyV1().PodDisruptionBudgets("default").Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: new(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pods := b.awaitReady(ctx, t, "web", 3)
	evict := func(ctx context.Context, name string) error {
		return b.client.PolicyV1().Evictions("default").Evict(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}})
	}
	await(ctx, t, 10*time.Second, "the first eviction", func(ctx context.Context) error { return evict(ctx, pods[0].Name) })
	if err := evict(ctx, pods[1].Name); !apierrors.IsTooManyRequests(err) {
		t.Errorf("a second eviction at once: %v, want it refused by the budget", err)
	}
	await(ctx, t, 15*time.Second, "the evicted pod's end", func(ctx context.Context) error {
		_, err := b.client.CoreV1().Pods("default").Get(ctx, pods[0].Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is still there: %w", err)
	})
	b.awaitReady(ctx, t, "web", 3)
}

func (b *bed) stateful(ctx context.Context, t *testing.T) {
	t.Helper()
	b.createVolumes(ctx, t)
	spec := template("db")
	spec.Annotations = map[string]string{"testbed.evenkeel.dev/address-pool": "127.82.200.0/28"}
	c := &spec.Spec.Containers[0]
	c.VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/var/lib/db"}, {Name: "config", MountPath: "/etc/db"}}
	c.Env = append(c.Env, corev1.EnvVar{Name: "DATA", Value: "/var/lib/db"}, corev1.EnvVar{Name: "FILE", Value: "/etc/db/greeting"})
	spec.Spec.Volumes = []corev1.Volume{{Name: "config", VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: "db", Items: []corev1.KeyToPath{{Key: "hello", Path: "greeting"}}},
	}}}
	_, err := b.client.AppsV1().StatefulSets("default").Create(ctx, &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "db"},
		Spec: appsv1.StatefulSetSpec{
			Replicas: new(int32(2)), PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "db"}}, Template: spec,
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "data"},
				Spec: corev1.PersistentVolumeClaimSpec{
					AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: new("local"),
					Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
				},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b.awaitCreating(ctx, t, "db-0")
	_, err = b.client.CoreV1().Secrets("default").Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "db"}, StringData: map[string]string{"hello": "good day"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range b.awaitReady(ctx, t, "db", 2) {
		if want := "127.82.200.1" + p.Labels["apps.kubernetes.io/pod-index"]; p.Status.PodIP != want {
			t.Errorf("pod %s has address %s, want %s", p.Name, p.Status.PodIP, want)
		}
		if got := ask(ctx, t, &p, "/file"); got != "good day" {
			t.Errorf("pod %s reads %q from its Secret", p.Name, got)
		}
		zone := strings.TrimPrefix(p.Spec.NodeName, "node-")
		wantFile(t, filepath.Join(b.dir, "volume-"+zone, "pid"), ask(ctx, t, &p, "/pid"))
	}
}

// awaitCreating waits until a pod says that its volume cannot be made.
func (b *bed) awaitCreating(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	await(ctx, t, 15*time.Second, name+" to wait for its Secret", func(ctx context.Context) error {
		p, err := b.client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if s := p.Status.ContainerStatuses; len(s) != 1 || s[0].State.Waiting == nil || s[0].State.Waiting.Reason != "ContainerCreating" {
			return fmt.Errorf("container statuses %+v", s)
		}
		events, err := b.client.CoreV1().Events("default").List(ctx, metav1.ListOptions{FieldSelector: "reason=FailedMount"})
		if err != nil {
			return err
		}
		for _, e := range events.Items {
			if strings.Contains(e.Message, `secret "db" not found`) {
				return nil
			}
		}
		return fmt.Errorf("no event tells what is missing: %+v", events.Items)
	})
}

func (b *bed) createVolumes(ctx context.Context, t *testing.T) {
	t.Helper()
	_, err := b.client.StorageV1().StorageClasses().Create(ctx, &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: "local"}, Provisioner: "kubernetes.io/no-provisioner",
		VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for zone := range b.nodes {
		path := filepath.Join(b.dir, "volume-"+zone)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := b.client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: "volume-" + zone},
			Spec: corev1.PersistentVolumeSpec{
				Capacity:    corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
				AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: "local",
				PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
				PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}},
				NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
					MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{zone}}},
				}}}},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// powerCut kills a node and starts it again: its pods come back as restarted.
func (b *bed) powerCut(ctx context.Context, t *testing.T) {
	t.Helper()
	before := map[types.UID]int32{}
	for _, p := range b.awaitReady(ctx, t, "web", 3) {
		if p.Spec.NodeName == "node-a" {
			before[p.UID] = p.Status.ContainerStatuses[0].RestartCount
		}
	}
	b.nodes["a"].Kill()
	b.startNode(ctx, t, "a", 1)
	await(ctx, t, 20*time.Second, "the pods of the node that was off", func(ctx context.Context) error {
		pods, err := b.pods(ctx, "web")
		if err != nil {
			return err
		}
		for _, p := range pods {
			was, ours := before[p.UID]
			if s := p.Status.ContainerStatuses[0]; ours && (s.RestartCount != was+1 || !isReady(&p) || s.LastTerminationState.Terminated.Reason != "Unknown") {
				return fmt.Errorf("pod %s: restarts %d after %d, %+v", p.Name, s.RestartCount, was, s)
			}
		}
		return nil
	})
	if len(before) != 1 {
		t.Errorf("%d pods were on the node that was off, want 1", len(before))
	}
}

// stopped checks that nothing is left when the nodes and the host have stopped.
func (b *bed) stopped(ctx context.Context, t *testing.T) {
	t.Helper()
	for zone, agent := range b.nodes {
		if err := agent.Stop(ctx); err != nil {
			t.Errorf("stopping node %s: %v", zone, err)
		}
		if _, err := os.Stat(filepath.Join(b.dir, "node-"+zone, "pods")); !os.IsNotExist(err) {
			t.Errorf("folders of pods are left on node %s: %v", zone, err)
		}
	}
	if err := b.host.Stop(ctx); err != nil {
		t.Error(err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range processes {
		raw, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(raw), "TMPDIR="+b.dir) {
			t.Errorf("a pod's process is left: %s", path)
		}
	}
	root, err := b.groups.Group("pods")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range root.ProcsFiles() {
		left, err := os.ReadDir(filepath.Dir(file))
		if err != nil {
			t.Error(err)
		}
		for _, e := range left {
			if e.IsDir() {
				t.Errorf("a pod's cgroup is left: %s", e.Name())
			}
		}
	}
}
