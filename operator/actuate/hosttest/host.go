// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package hosttest runs a real kube-apiserver, as a host cluster has one, for the tests
// of whatever writes to pods there.
package hosttest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// shared is the one server of a package's tests, started by the first that asks for it.
var shared struct {
	once   sync.Once
	env    envtest.Environment
	config *rest.Config
	err    error
}

// Main is the TestMain of a package that uses the server.
func Main(m *testing.M) {
	log.SetLogger(logr.Discard())
	code := m.Run()
	if shared.config != nil {
		if err := shared.env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping kube-apiserver:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

var errNoAssets = errors.New("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")

const nodeName = "node-a"

// Host is a namespace of the test's own in the server.
type Host struct {
	client.Client
	Namespace string
}

// Config is how an administrator reaches the server, once it runs.
func Config() *rest.Config { return shared.config }

// New makes the namespace.
func New(t *testing.T) *Host {
	t.Helper()
	shared.once.Do(func() {
		if os.Getenv("KUBEBUILDER_ASSETS") == "" {
			shared.err = errNoAssets
			return
		}
		shared.config, shared.err = shared.env.Start()
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	h := &Host{Client: clientOf(t, shared.config)}
	h.node(t)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "tenant-"}}
	h.Create(t, ns)
	h.Namespace = ns.Name
	return h
}

// node makes the node of all pods: the API refuses a resize for which the pod's node is
// not large enough, from Kubernetes 1.36 on. It stays for the other tests.
func (h *Host) node(t *testing.T) {
	t.Helper()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName}}
	if err := h.Client.Create(t.Context(), node); apierrors.IsAlreadyExists(err) {
		return
	} else if err != nil {
		t.Fatal(err)
	}
	node.Status.Capacity = list("16", "64Gi")
	node.Status.Allocatable = node.Status.Capacity
	if err := h.Status().Update(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	h.awaitNode(t)
}

// awaitNode waits until the API's own cache has the node: until it would let a pod of
// it be resized.
func (h *Host) awaitNode(t *testing.T) {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "node-"}}
	h.Create(t, ns)
	first := &Host{Client: h.Client, Namespace: ns.Name}
	pod := first.Pod("first", Requests("1", "1Gi"))
	first.Run(t, pod)
	larger := client.RawPatch(types.StrategicMergePatchType, []byte(`{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"2"}}}]}}`))
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := h.SubResource("resize").Patch(t.Context(), pod.DeepCopy(), larger, client.DryRunAll)
		if err == nil {
			return
		}
		if !apierrors.IsForbidden(err) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// As is a client of another user, with these rules granted in the namespace.
func (h *Host) As(t *testing.T, user string, rules ...rbacv1.PolicyRule) client.Client {
	t.Helper()
	if len(rules) > 0 {
		meta := metav1.ObjectMeta{Namespace: h.Namespace, Name: user}
		h.Create(t, &rbacv1.Role{ObjectMeta: meta, Rules: rules})
		h.Create(t, &rbacv1.RoleBinding{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		})
	}
	config := rest.CopyConfig(shared.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:authenticated"}}
	return clientOf(t, config)
}

// Through is a client whose requests go through a transport of the test's.
func (*Host) Through(t *testing.T, wrap func(http.RoundTripper) http.RoundTripper) client.Client {
	t.Helper()
	config := rest.CopyConfig(shared.config)
	config.WrapTransport = wrap
	return clientOf(t, config)
}

func clientOf(t *testing.T, config *rest.Config) client.Client {
	t.Helper()
	c, err := client.New(config, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Create makes an object for the time of the test.
func (h *Host) Create(t *testing.T, o client.Object) {
	t.Helper()
	if err := h.Client.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := h.Delete(ctx, o, client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
	})
}

// Pod is a pod of one container, main, with these resources, not yet created.
func (h *Host) Pod(name string, r corev1.ResourceRequirements) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: h.Namespace, Name: name, Labels: map[string]string{"app": name}},
		Spec: corev1.PodSpec{
			NodeName:   nodeName,
			Containers: []corev1.Container{{Name: "main", Image: "example.test/main", Resources: r}},
		},
	}
}

// Run creates a pod and writes the status that its node would write: it runs, is ready,
// and has what it requests.
func (h *Host) Run(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	h.Create(t, pod)
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, Ready: true,
			State:              corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
			AllocatedResources: c.Resources.Requests, Resources: c.Resources.DeepCopy(),
		})
	}
	h.WriteStatus(t, pod)
}

// WriteStatus writes a pod's status, as its node would.
func (h *Host) WriteStatus(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	if err := h.Status().Update(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
}

// Requests are resources without limits; an empty quantity is none.
func Requests(cpu, memory string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Requests: list(cpu, memory)}
}

// Limited are requests and limits; an empty quantity is none.
func Limited(cpu, memory, cpuLimit, memoryLimit string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Requests: list(cpu, memory), Limits: list(cpuLimit, memoryLimit)}
}

func list(cpu, memory string) corev1.ResourceList {
	l := corev1.ResourceList{}
	for name, text := range map[corev1.ResourceName]string{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory} {
		if text != "" {
			l[name] = resource.MustParse(text)
		}
	}
	if len(l) == 0 {
		return nil
	}
	return l
}
