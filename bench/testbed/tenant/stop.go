// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// stopWithin bounds the clearing away after a failed start.
const stopWithin = 40 * time.Second

// hurry is the grace that etcd's members get: their data goes with them, and the
// leader would spend 7 s on handing over to a peer that is stopping as well.
const hurry int64 = 1

// Stop ends the tenant in order and removes its objects and volumes: first the
// apiservers, and etcd when they are gone, for an apiserver whose etcd is gone
// does not heed SIGTERM. It may be called again.
func (t *Tenant) Stop(ctx context.Context) error {
	var problems []error
	if t.balancer != nil {
		problems = append(problems, t.balancer.Close())
	}
	namespace := t.options.Namespace
	apps := t.host.AppsV1()
	background := metav1.DeletePropagationBackground
	options := metav1.DeleteOptions{PropagationPolicy: &background}
	if err := apps.Deployments(namespace).Delete(ctx, "kube-apiserver", options); gone(err) != nil {
		problems = append(problems, fmt.Errorf("deleting Deployment %s/kube-apiserver: %w", namespace, err))
	}
	problems = append(problems, t.awaitNoPods(ctx, "kube-apiserver"))
	if err := apps.StatefulSets(namespace).Delete(ctx, "etcd", options); gone(err) != nil {
		problems = append(problems, fmt.Errorf("deleting StatefulSet %s/etcd: %w", namespace, err))
	}
	grace := hurry
	members := metav1.ListOptions{LabelSelector: selector("etcd", t.options.Name)}
	err := t.host.CoreV1().Pods(namespace).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &grace}, members)
	if gone(err) != nil {
		problems = append(problems, fmt.Errorf("deleting the pods of StatefulSet %s/etcd: %w", namespace, err))
	}
	problems = append(problems, t.awaitNoPods(ctx, "etcd"))
	if err := t.host.CoreV1().Namespaces().Delete(ctx, namespace, options); gone(err) != nil {
		problems = append(problems, fmt.Errorf("deleting Namespace %s: %w", namespace, err))
	}
	for _, v := range volumes(t.options) {
		if err := t.host.CoreV1().PersistentVolumes().Delete(ctx, v.Name, options); gone(err) != nil {
			problems = append(problems, fmt.Errorf("deleting PersistentVolume %s: %w", v.Name, err))
		}
		if err := os.RemoveAll(v.Path); err != nil {
			problems = append(problems, fmt.Errorf("removing the volume in zone %s: %w", v.Zone, err))
		}
	}
	return errors.Join(problems...)
}

func (t *Tenant) awaitNoPods(ctx context.Context, name string) error {
	left := -1
	err := wait.PollUntilContextCancel(ctx, pollEvery, true, func(ctx context.Context) (bool, error) {
		pods, err := t.host.CoreV1().Pods(t.options.Namespace).
			List(ctx, metav1.ListOptions{LabelSelector: selector(name, t.options.Name)})
		if err != nil {
			return false, err
		}
		left = len(pods.Items)
		return left == 0, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the %d pods of %s/%s to end: %w", left, t.options.Namespace, name, err)
	}
	return nil
}

// gone is nil when the object is.
func gone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
