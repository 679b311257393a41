// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/load/fill"
)

// settingsName is the ConfigMap that a namespace's pods refer to.
const settingsName = "settings"

// settings makes the ConfigMaps that the pods refer to.
func (f *Fleet) settings(ctx context.Context) error {
	for i := range fill.Namespaces {
		namespace, _ := fill.PodName(i)
		body, err := encode(&corev1.ConfigMap{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: settingsName},
			Data:       map[string]string{"config.yaml": strings.Repeat("listen: 8080\n", 40)},
		})
		if err == nil {
			err = f.make(ctx, i, request{method: http.MethodPost, path: "/api/v1/namespaces/" + namespace + "/configmaps", body: body})
		}
		if err != nil {
			return fmt.Errorf("creating ConfigMap %s/%s: %w", namespace, settingsName, err)
		}
	}
	return nil
}

// make has an administrator create something; what exists is as good as created.
func (f *Fleet) make(ctx context.Context, i int, r request) error {
	return insist(ctx, func(ctx context.Context) (int, error) {
		status, _, err := ask(ctx, f.maker(i), r)
		if status == http.StatusConflict {
			status = http.StatusOK
		}
		return status, err
	})
}

func (f *Fleet) maker(i int) *load.Conn { return f.makers[i%len(f.makers)] }

// has is how many pods run on the node.
func (n *node) has() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.pods)
}

// pack makes pods on the node, one after another, until it has so many.
func (n *node) pack(ctx context.Context, pods int) error {
	n.packing.Lock()
	defer n.packing.Unlock()
	for n.has() < pods {
		if err := n.add(ctx); err != nil {
			return err
		}
	}
	return nil
}

// add makes a pod on the node, and has it running.
func (n *node) add(ctx context.Context) error {
	i := int(n.fleet.numbers.Add(1) - 1)
	pod := fill.Pod(i, n.name, n.fleet.options.PodBytes)
	pod.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
	pod.Spec.Volumes = []corev1.Volume{{Name: "settings", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: settingsName},
	}}}}
	body, err := encode(pod)
	if err != nil {
		return err
	}
	path := "/api/v1/namespaces/" + pod.Namespace + "/pods"
	if err := n.fleet.make(ctx, i, request{method: http.MethodPost, path: path, body: body}); err != nil {
		return fmt.Errorf("creating Pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	n.mu.Lock()
	n.pods = append(n.pods, i)
	n.mu.Unlock()
	n.fleet.pods.Add(1)
	if err := n.run(ctx, pod, i); err != nil {
		return fmt.Errorf("reporting that Pod %s/%s runs on %s: %w", pod.Namespace, pod.Name, n.name, err)
	}
	n.settingsWatched.Do(func() { n.watchSettings(i) })
	return nil
}

// run has the node report that a pod runs.
func (n *node) run(ctx context.Context, pod *corev1.Pod, i int) error {
	body := runningPatch(pod, i, time.Now())
	path := "/api/v1/namespaces/" + pod.Namespace + "/pods/" + pod.Name + "/status"
	return insist(ctx, func(ctx context.Context) (int, error) {
		status, _, err := ask(ctx, n.conn, request{method: http.MethodPatch, path: path, kind: strategicMerge, body: body})
		return status, err
	})
}

// churn replaces pods: the oldest one of a node by a new one.
func (f *Fleet) churn(ctx context.Context) {
	// Its only error is a rate that the options do not allow.
	_ = load.Schedule(ctx, f.options.Churn, func(ctx context.Context, _ time.Time, _ int) {
		all := f.all()
		if len(all) == 0 {
			return
		}
		n := all[rand.IntN(len(all))] //nolint:gosec // spreads a load
		if err := n.replace(ctx); err != nil && ctx.Err() == nil {
			f.options.Logf("node %s: replacing a pod: %v", n.name, err)
		}
	})
}

func (n *node) replace(ctx context.Context) error {
	n.packing.Lock()
	defer n.packing.Unlock()
	n.mu.Lock()
	if len(n.pods) == 0 {
		n.mu.Unlock()
		return nil
	}
	oldest := n.pods[0]
	n.pods = n.pods[1:]
	n.mu.Unlock()
	n.fleet.pods.Add(-1)
	namespace, name := fill.PodName(oldest)
	err := insist(ctx, func(ctx context.Context) (int, error) {
		status, _, err := ask(ctx, n.fleet.maker(oldest), request{
			method: http.MethodDelete, path: "/api/v1/namespaces/" + namespace + "/pods/" + name + "?gracePeriodSeconds=0",
		})
		if status == http.StatusNotFound {
			status = http.StatusOK
		}
		return status, err
	})
	if err != nil {
		return fmt.Errorf("deleting Pod %s/%s: %w", namespace, name, err)
	}
	return n.add(ctx)
}
