// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fill

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// Namespaces is how many the pods are spread over.
	Namespaces = 50
	// bareBytes is about the size of a pod without padding as JSON in a LIST,
	// with what the server adds (defaults, managed fields).
	bareBytes = 3240
	// paddings is how many annotations carry the padding: one giant string would
	// be cheaper to encode than a pod really is.
	paddings = 6
	// paddingBytes is what each of those costs beside its value, in the object
	// and in its managed fields.
	paddingBytes = 90
)

func namespaceName(i int) string { return fmt.Sprintf("filled-%02d", i) }

// PodName names pod i, from 0.
func PodName(i int) (namespace, name string) {
	return namespaceName(i % Namespaces), fmt.Sprintf("workload-%05d", i)
}

// Pod is pod i, bound to a node: a plausible one of a web service, padded to be of about
// so many bytes as JSON in a LIST.
func Pod(i int, node string, bytes int) *corev1.Pod {
	namespace, name := PodName(i)
	app := fmt.Sprintf("app-%d", i/20)
	no := false
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name,
			Labels: map[string]string{
				"app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "shop", "pod-template-hash": "7d4b9c6f5d",
			},
			Annotations: padding(bytes),
		},
		Spec: corev1.PodSpec{
			NodeName:                     node,
			AutomountServiceAccountToken: &no,
			Containers: []corev1.Container{
				container("server", "registry.example/shop/"+app+":v1.4.2", 8080),
				container("proxy", "registry.example/mesh/proxy:v2.0.1", 9090),
			},
		},
	}
}

func container(name, image string, port int32) corev1.Container {
	return corev1.Container{
		Name: name, Image: image,
		Args:  []string{"--listen=:" + strconv.Itoa(int(port)), "--log-level=info", "--config=/etc/" + name + "/config.yaml"},
		Ports: []corev1.ContainerPort{{Name: "http-" + name, ContainerPort: port}},
		Env: []corev1.EnvVar{
			{Name: "LOG_FORMAT", Value: "json"},
			{Name: "UPSTREAM", Value: "http://catalog.shop.svc:8080/v1"},
		},
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi"),
		}},
	}
}

// padding brings a pod to about the given size, in several annotations.
func padding(podBytes int) map[string]string {
	each := (podBytes-bareBytes)/paddings - paddingBytes
	if each <= 0 {
		return nil
	}
	annotations := make(map[string]string, paddings)
	for i := range paddings {
		const words = "rolled out by the delivery pipeline after review; "
		annotations[fmt.Sprintf("shop.example/note-%d", i)] = strings.Repeat(words, each/len(words)+1)[:each]
	}
	return annotations
}

func newDial() func(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
}
