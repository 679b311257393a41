// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"

	"evenkeel.dev/evenkeel/bench/testbed/apply"
	"evenkeel.dev/evenkeel/bench/testbed/host"
)

// tooSmall is what the pods' template requests.
var tooSmall = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1m"), corev1.ResourceMemory: resource.MustParse("1Mi")}

// sizedVPA allows no less CPU than something: of a pod that has used none no CPU is told.
const sizedVPA = `
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: sized, namespace: default}
spec:
  recommenders: [{name: evenkeel}]
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: sized}
  updatePolicy: {updateMode: InPlaceOrRecreate}
  resourcePolicy:
    containerPolicies:
    - {containerName: app, controlledValues: RequestsOnly, minAllowed: {cpu: 2m}}
`

// sizedByUpstream has upstream's updater and admission-controller act on what Evenkeel's
// recommender, as it is shipped, tells of two pods that request far too little: the updater
// resizes them in place, and the admission-controller gives a new one its size. It takes
// the metrics-server that runs.
func (b *bed) sizedByUpstream(ctx context.Context, t *testing.T) {
	t.Helper()
	b.installRecommender(ctx, t)
	if err := b.host.StartVPAUpdater(ctx); err != nil {
		t.Fatal(err)
	}
	pods := b.deploySized(ctx, t)
	told := sizes{}
	// Two scrapes of 10 s, a look each 15 s, a loop each second, and the updater takes one
	// of two pods in each loop of 3 s; more than twice that.
	await(ctx, t, 100*time.Second, "the updater", func(ctx context.Context) error { return b.wantInPlace(ctx, pods, told) })
	if err := b.host.StartVPAAdmission(ctx); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, 30*time.Second, "the webhook to be in force", func(ctx context.Context) error { return b.wantAdmitted(ctx, &pods[0], told) })
	if err := b.client.CoreV1().Pods("default").Delete(ctx, pods[0].Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, 30*time.Second, "the successor", func(ctx context.Context) error { return b.wantSuccessor(ctx, pods, told) })
	t.Logf("told of 2 pods that request %s: %v", size(tooSmall), told)
	b.removeSized(ctx, t)
}

// installRecommender installs the CRDs of both and Evenkeel's recommender from its
// manifests, with a loop each second instead of each minute.
func (b *bed) installRecommender(ctx context.Context, t *testing.T) {
	t.Helper()
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/autoscaler/vertical-pod-autoscaler").Output()
	if err != nil {
		t.Fatalf("finding the CRDs of VerticalPodAutoscalers: %v", err)
	}
	manifests := filepath.Join("..", "..", "..", "manifests")
	for _, path := range []string{
		filepath.Join(strings.TrimSpace(string(module)), "deploy", "vpa-v1-crd-gen.yaml"),
		filepath.Join(manifests, "crd"), filepath.Join(manifests, "operator", "namespace.yaml"), filepath.Join(manifests, "recommender", "rbac.yaml"),
	} {
		if err := apply.Path(ctx, b.host.AdminConfig, path); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(filepath.Join(manifests, "recommender", "deployment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	deployment := strings.Replace(string(raw), "            - recommender\n", "            - recommender\n            - --interval=1s\n", 1)
	if deployment == string(raw) {
		t.Fatal("the recommender's deployment has no argument to put another behind")
	}
	if err := apply.Bytes(ctx, b.host.AdminConfig, []byte(deployment)); err != nil {
		t.Fatal(err)
	}
}

func (b *bed) deploySized(ctx context.Context, t *testing.T) []corev1.Pod {
	t.Helper()
	pod := template("sized")
	pod.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: tooSmall}
	_, err := b.client.AppsV1().Deployments("default").Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "sized"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(2)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "sized"}}, Template: pod,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := apply.Bytes(ctx, b.host.AdminConfig, []byte(sizedVPA)); err != nil {
		t.Fatal(err)
	}
	return b.awaitReady(ctx, t, "sized", 2)
}

// sizes are the targets that were told so far: a later one need not be carried out while
// what is requested is within its bounds.
type sizes map[string]bool

func size(r corev1.ResourceList) string { return r.Cpu().String() + "/" + r.Memory().String() }

// hear adds what Evenkeel tells.
func (b *bed) hear(ctx context.Context, told sizes) error {
	raw, err := b.client.Discovery().RESTClient().Get().
		AbsPath("/apis/autoscaling.k8s.io/v1/namespaces/default/verticalpodautoscalers/sized").DoRaw(ctx)
	if err != nil {
		return err
	}
	var v vpav1.VerticalPodAutoscaler
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	if v.Status.Recommendation == nil {
		return fmt.Errorf("its conditions are %+v", v.Status.Conditions)
	}
	target := v.Status.Recommendation.ContainerRecommendations[0].Target
	if target.Memory().Cmp(*tooSmall.Memory()) <= 0 || target.Cpu().Cmp(*tooSmall.Cpu()) <= 0 {
		return fmt.Errorf("the target is %s", size(target))
	}
	told[size(target)] = true
	return nil
}

// wantInPlace wants the same pods, never restarted, with what was told.
func (b *bed) wantInPlace(ctx context.Context, before []corev1.Pod, told sizes) error {
	if err := b.hear(ctx, told); err != nil {
		return err
	}
	for i := range before {
		p, err := b.client.CoreV1().Pods("default").Get(ctx, before[i].Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := wantSize(p, told); err != nil {
			return err
		}
		if p.UID != before[i].UID || p.DeletionTimestamp != nil || p.Annotations["vpaInPlaceUpdated"] != "true" {
			return fmt.Errorf("pod %s is not the one of before, resized: %+v", p.Name, p.ObjectMeta)
		}
	}
	return nil
}

// wantSize wants a pod to request what was told, to have it, and to have never restarted.
func wantSize(p *corev1.Pod, told sizes) error {
	requests := size(p.Spec.Containers[0].Resources.Requests)
	if !told[requests] {
		return fmt.Errorf("pod %s requests %s, told was %v; its conditions are %+v", p.Name, requests, told, p.Status.Conditions)
	}
	if len(p.Status.ContainerStatuses) != 1 {
		return fmt.Errorf("pod %s has no status of its container", p.Name)
	}
	if s := p.Status.ContainerStatuses[0]; size(s.AllocatedResources) != requests || s.RestartCount != 0 {
		return fmt.Errorf("pod %s requests %s, has %s and %d restarts", p.Name, requests, size(s.AllocatedResources), s.RestartCount)
	}
	return nil
}

// wantAdmitted asks what a pod would be admitted with that is made from the template, by
// the same controller: the API server heeds a new webhook a moment later.
func (b *bed) wantAdmitted(ctx context.Context, like *corev1.Pod, told sizes) error {
	if err := b.hear(ctx, told); err != nil {
		return err
	}
	pod := template("sized")
	pod.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: tooSmall}
	pod.GenerateName, pod.OwnerReferences = "asked-", like.OwnerReferences
	admitted, err := b.client.CoreV1().Pods("default").Create(ctx,
		&corev1.Pod{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return err
	}
	if requests := size(admitted.Spec.Containers[0].Resources.Requests); !told[requests] {
		return fmt.Errorf("it would request %s, told was %v", requests, told)
	}
	return nil
}

// wantSuccessor wants a new pod that began with what was told: admitted with it, and not
// resized after.
func (b *bed) wantSuccessor(ctx context.Context, before []corev1.Pod, told sizes) error {
	if err := b.hear(ctx, told); err != nil {
		return err
	}
	old := map[types.UID]bool{}
	for i := range before {
		old[before[i].UID] = true
	}
	pods, err := b.pods(ctx, "sized")
	if err != nil {
		return err
	}
	for i := range pods {
		p := &pods[i]
		if old[p.UID] {
			continue
		}
		if err := wantSize(p, told); err != nil {
			return err
		}
		if p.Annotations["vpaUpdates"] == "" || p.Annotations["vpaInPlaceUpdated"] != "" || !isReady(p) {
			return fmt.Errorf("pod %s: annotations %v, ready %t", p.Name, p.Annotations, isReady(p))
		}
		return nil
	}
	return errors.New("there is none")
}

// removeSized leaves the cluster to others as it was.
func (b *bed) removeSized(ctx context.Context, t *testing.T) {
	t.Helper()
	if err := errors.Join(
		b.client.AdmissionregistrationV1().MutatingWebhookConfigurations().Delete(ctx, host.VPAWebhook, metav1.DeleteOptions{}),
		b.client.AppsV1().Deployments("default").Delete(ctx, "sized", metav1.DeleteOptions{}),
		b.client.AppsV1().Deployments("evenkeel-system").Delete(ctx, "evenkeel-recommender", metav1.DeleteOptions{}),
	); err != nil {
		t.Fatal(err)
	}
}
