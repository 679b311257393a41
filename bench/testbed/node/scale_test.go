// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scaled has the real HPA controller scale a Deployment out and in again, by what
// the real metrics-server reads from the nodes. Its one pod asks for 100m and burns
// all that it may, five times that; the target is half of what it asks for.
func (b *bed) scaled(ctx context.Context, t *testing.T) {
	t.Helper()
	if err := b.host.StartMetricsServer(ctx); err != nil {
		t.Fatal(err)
	}
	b.wantNodeUsage(ctx, t)
	b.deployWithHPA(ctx, t, "busy", 3)
	busy := b.awaitReady(ctx, t, "busy", 1)[0]
	ask(ctx, t, &busy, "/burn")
	// Two scrapes of 10 s and a round of the controller of 5 s; three times that.
	await(ctx, t, 75*time.Second, "scaling out", func(ctx context.Context) error { return b.wantReplicas(ctx, "busy", 3) })
	b.awaitReady(ctx, t, "busy", 3)
	if cores := b.podUsage(ctx, t, busy.Name); cores < 0.2 {
		t.Errorf("metrics-server says that the busy pod uses %.3f cores", cores)
	}
	ask(ctx, t, &busy, "/rest")
	await(ctx, t, 75*time.Second, "scaling in", func(ctx context.Context) error { return b.wantReplicas(ctx, "busy", 1) })
	if err := b.client.AppsV1().Deployments("default").Delete(ctx, "busy", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// deployWithHPA makes a Deployment of one and an HPA that may make it so many.
func (b *bed) deployWithHPA(ctx context.Context, t *testing.T, name string, most int32) {
	t.Helper()
	_, err := b.client.AppsV1().Deployments("default").Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}, Template: template(name)},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.client.AutoscalingV2().HorizontalPodAutoscalers("default").Create(ctx, &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
			MinReplicas:    new(int32(1)), MaxReplicas: most,
			Metrics: []autoscalingv2.MetricSpec{{
				Type: autoscalingv2.ResourceMetricSourceType,
				Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{
					Type: autoscalingv2.UtilizationMetricType, AverageUtilization: new(int32(50)),
				}},
			}},
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
				ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: new(int32(0))},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// wantReplicas is an error, with what the HPA says of itself, until the Deployment
// is as large.
func (b *bed) wantReplicas(ctx context.Context, name string, want int32) error {
	d, err := b.client.AppsV1().Deployments("default").Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	hpa, err := b.client.AutoscalingV2().HorizontalPodAutoscalers("default").Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if got := d.Status.Replicas; got != want {
		return fmt.Errorf("%d replicas, want %d; the HPA says %+v", got, want, hpa.Status.Conditions)
	}
	return nil
}

// usage is what metrics.k8s.io says of a node or, by containers, of a pod.
type usage struct {
	Metadata   metav1.ObjectMeta                     `json:"metadata"`
	Usage      corev1.ResourceList                   `json:"usage"`
	Containers []struct{ Usage corev1.ResourceList } `json:"containers"`
}

func (b *bed) metrics(ctx context.Context, t *testing.T, path string, into any) {
	t.Helper()
	raw, err := b.client.Discovery().RESTClient().Get().AbsPath("/apis/metrics.k8s.io/v1beta1/" + path).DoRaw(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

// wantNodeUsage checks that every node is known to use something.
func (b *bed) wantNodeUsage(ctx context.Context, t *testing.T) {
	t.Helper()
	var nodes struct{ Items []usage }
	b.metrics(ctx, t, "nodes", &nodes)
	for _, n := range nodes.Items {
		if n.Usage.Memory().Cmp(resource.MustParse("1Mi")) < 0 || n.Usage.Cpu().Sign() < 0 {
			t.Errorf("metrics-server says that %s uses %v", n.Metadata.Name, n.Usage)
		}
	}
	if len(nodes.Items) != len(b.nodes) {
		t.Errorf("metrics-server knows %d nodes of %d: %+v", len(nodes.Items), len(b.nodes), nodes)
	}
}

// podUsage is what metrics-server says of a pod of one container, in cores.
func (b *bed) podUsage(ctx context.Context, t *testing.T, name string) float64 {
	t.Helper()
	var pod usage
	b.metrics(ctx, t, "namespaces/default/pods/"+name, &pod)
	if len(pod.Containers) != 1 {
		t.Fatalf("metrics-server says of pod %s: %+v", name, pod)
	}
	return pod.Containers[0].Usage.Cpu().AsApproximateFloat64()
}
