// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

const pollEvery = 200 * time.Millisecond

// awaitReady returns when every member and replica is ready, the balancer knows
// them, and the API answers through it.
func (t *Tenant) awaitReady(ctx context.Context) error {
	stages := []struct {
		what  string
		ready func(context.Context) (bool, error)
	}{
		{"the etcd members", t.etcdReady},
		{"the apiservers", t.apiserversReady},
		{"the balancer", t.balancerReady},
		{"the tenant's API", t.apiReady},
	}
	for _, s := range stages {
		var last error
		err := wait.PollUntilContextCancel(ctx, pollEvery, true, func(ctx context.Context) (bool, error) {
			done, err := s.ready(ctx)
			last = err // a busy server is asked again, as long as there is time
			return done && err == nil, nil
		})
		if err != nil {
			return errors.Join(fmt.Errorf("waiting for %s: %w", s.what, context.Cause(ctx)), last, t.explain(ctx))
		}
	}
	return nil
}

func (t *Tenant) etcdReady(ctx context.Context) (bool, error) {
	s, err := t.host.AppsV1().StatefulSets(t.options.Namespace).Get(ctx, "etcd", metav1.GetOptions{})
	if err != nil {
		return false, fmt.Errorf("reading StatefulSet %s/etcd: %w", t.options.Namespace, err)
	}
	return s.Status.ObservedGeneration >= s.Generation && s.Status.ReadyReplicas == replicas, nil
}

func (t *Tenant) apiserversReady(ctx context.Context) (bool, error) {
	d, err := t.host.AppsV1().Deployments(t.options.Namespace).Get(ctx, "kube-apiserver", metav1.GetOptions{})
	if err != nil {
		return false, fmt.Errorf("reading Deployment %s/kube-apiserver: %w", t.options.Namespace, err)
	}
	return rolledOut(d), nil
}

func rolledOut(d *appsv1.Deployment) bool {
	s := d.Status
	return s.ObservedGeneration >= d.Generation && s.Replicas == replicas &&
		s.UpdatedReplicas == replicas && s.ReadyReplicas == replicas
}

func (t *Tenant) balancerReady(context.Context) (bool, error) {
	n := 0
	for _, b := range t.balancer.Backends() {
		if b.Ready {
			n++
		}
	}
	return n == replicas, nil
}

// apiReady is true when the API answers and the namespaces that it makes itself
// have their default ServiceAccount, which nobody else would make.
func (t *Tenant) apiReady(ctx context.Context) (bool, error) {
	c, err := kubernetes.NewForConfig(t.AdminConfig)
	if err != nil {
		return false, fmt.Errorf("reaching the tenant's API: %w", err)
	}
	for _, namespace := range []string{metav1.NamespaceDefault, metav1.NamespaceSystem, corev1.NamespaceNodeLease} {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}}
		_, err := c.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return false, fmt.Errorf("creating ServiceAccount %s/default of the tenant: %w", namespace, err)
		}
	}
	return true, nil
}

// explain says what state the tenant's pods are in; ctx may have ended.
func (t *Tenant) explain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	pods, err := t.host.CoreV1().Pods(t.options.Namespace).List(ctx, metav1.ListOptions{Limit: 20})
	if err != nil {
		return fmt.Errorf("listing the pods of namespace %s: %w", t.options.Namespace, err)
	}
	if len(pods.Items) == 0 {
		return fmt.Errorf("namespace %s has no pods", t.options.Namespace)
	}
	var problems []error
	for i := range pods.Items {
		if what := trouble(&pods.Items[i]); what != "" {
			problems = append(problems, fmt.Errorf("pod %s: %s", pods.Items[i].Name, what))
		}
	}
	return errors.Join(problems...)
}

// trouble says why a pod is not ready; empty when it is.
func trouble(pod *corev1.Pod) string {
	var why []string
	ready := false
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			ready = true
		}
		if c.Status == corev1.ConditionFalse && c.Message != "" {
			why = append(why, fmt.Sprintf("%s: %s", c.Type, c.Message))
		}
	}
	if ready {
		return ""
	}
	for _, s := range pod.Status.ContainerStatuses {
		if w := s.State.Waiting; w != nil {
			why = append(why, fmt.Sprintf("waiting (%s) %s", w.Reason, w.Message))
		}
		if l := s.LastTerminationState.Terminated; l != nil {
			why = append(why, fmt.Sprintf("restarted %d times, last exit %d %s %s", s.RestartCount, l.ExitCode, l.Reason, l.Message))
		}
	}
	return string(pod.Status.Phase) + ", not ready; " + strings.Join(why, "; ")
}
