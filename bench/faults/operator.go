// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/stage"
)

// operatorLease is what the operator that leads renews, and operatorPods are its pods.
const (
	operatorLease = "evenkeel-operator"
	operatorPods  = "app.kubernetes.io/name=evenkeel"
)

// killOperator kills Evenkeel, and waits until it leads again and its profile is as it is
// to be: ready is when it decides again.
func (r *run) killOperator(ctx context.Context) error {
	pod, err := r.operatorPod(ctx)
	if err != nil {
		return err
	}
	holder, err := r.leader(ctx)
	if err != nil {
		return err
	}
	s := Strike{Kind: Operator, Target: pod.Name, Leader: r.leads(ctx).Name, At: time.Now()}
	if err := r.stage.KillPod(pod.Spec.NodeName, pod.Namespace, pod.Name); err != nil {
		return err
	}
	r.Logf("killed %s on %s", pod.Name, pod.Spec.NodeName)
	r.resume(ctx, &s)
	err = await.Until(ctx, readyWithin, askEvery, "Evenkeel to lead and decide again", func(ctx context.Context) error {
		now, err := r.leader(ctx)
		if err != nil {
			return err
		}
		if now == holder || now == "" {
			return errors.New("nobody leads but the one that was killed")
		}
		if seen, _ := r.profile.Now(); !stage.Ready(seen) {
			return errors.New("the profile is not ready")
		}
		return nil
	})
	if err != nil {
		s.late("ready", err)
	} else {
		s.Ready = time.Since(s.At)
	}
	return r.note(ctx, s)
}

// operatorPod is Evenkeel's pod, as soon as there is one that is ready.
func (r *run) operatorPod(ctx context.Context) (found *corev1.Pod, err error) {
	err = await.Until(ctx, readyWithin, askEvery, "a pod of Evenkeel that is ready", func(ctx context.Context) error {
		pods, err := r.host.CoreV1().Pods(stage.SystemNamespace).List(ctx, metav1.ListOptions{LabelSelector: operatorPods})
		if err != nil {
			return err
		}
		for i := range pods.Items {
			for _, c := range pods.Items[i].Status.Conditions {
				if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
					found = &pods.Items[i]
					return nil
				}
			}
		}
		return errors.New("there is none")
	})
	return found, err
}

// leader is who leads.
func (r *run) leader(ctx context.Context) (string, error) {
	lease, err := r.host.CoordinationV1().Leases(stage.SystemNamespace).Get(ctx, operatorLease, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading the Lease %s/%s: %w", stage.SystemNamespace, operatorLease, err)
	}
	if lease.Spec.HolderIdentity == nil {
		return "", nil
	}
	return *lease.Spec.HolderIdentity, nil
}
