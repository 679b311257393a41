// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// podWriter keeps the pods of the API as the plant's replicas are.
type podWriter struct {
	client  *fake.Clientset
	written map[string]podState
}

// podState is what the autoscaler reads of a pod.
type podState struct {
	ready         bool
	born, readied time.Time
	milli         int64
}

// write writes what has changed.
func (w *podWriter) write(ctx context.Context, p *plant) error {
	is := p.podStates()
	pods := w.client.CoreV1().Pods(namespace)
	for name, state := range is {
		was, known := w.written[name]
		var err error
		switch {
		case !known:
			_, err = pods.Create(ctx, state.pod(name), metav1.CreateOptions{})
		case was != state:
			_, err = pods.Update(ctx, state.pod(name), metav1.UpdateOptions{})
		}
		if err != nil {
			return fmt.Errorf("writing pod %s: %w", name, err)
		}
	}
	for name := range w.written {
		if _, there := is[name]; there {
			continue
		}
		if err := pods.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return fmt.Errorf("deleting pod %s: %w", name, err)
		}
	}
	w.written = is
	return nil
}

func (p *plant) podStates() map[string]podState {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]podState{}
	for _, r := range p.replicas {
		all[r.name] = podState{ready: r.ready, born: r.born, readied: r.readyAt, milli: milli(r.size.CPU).MilliValue()}
	}
	return all
}

// pod is the pod as the API would hold it, as far as the autoscaler reads it.
func (s podState) pod(name string) *corev1.Pod {
	condition := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: metav1.NewTime(s.born)}
	if s.ready {
		condition.Status, condition.LastTransitionTime = corev1.ConditionTrue, metav1.NewTime(s.readied)
	}
	start := metav1.NewTime(s.born)
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": workload}, CreationTimestamp: start},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name:      container,
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: *milli(float64(s.milli) / 1000)}},
		}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, StartTime: &start, Conditions: []corev1.PodCondition{condition}},
	}
}
