// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// deleteRetry is how long a worker waits before it tries again to remove the
// object of a pod that has ended.
const deleteRetry = time.Second

// ending is a pod whose containers are being stopped for good.
type ending struct {
	// until is when the last of them is killed.
	until time.Time
}

// end stops the containers, then gives back what the pod has, reports how it
// ended and removes its object.
func (w *worker) end(ctx context.Context, pod *corev1.Pod) (wait time.Duration, finished bool) {
	gone, halting := w.fate()
	now := w.agent.clock.Now()
	grace := endingGrace(pod, gone)
	if w.ending == nil || now.Add(grace).Before(w.ending.until.Add(-time.Second)) {
		w.ending = &ending{until: now.Add(grace)}
		for _, c := range w.all() {
			if c.life != nil {
				w.stop(ctx, pod, c, grace, "Stopping container "+c.name)
			}
		}
	}
	for _, c := range w.all() {
		if c.life != nil {
			if !gone && !halting {
				w.publish(pod)
			}
			return never, false
		}
	}
	if err := w.release(pod, true); err != nil {
		w.agent.o.Logf("node %s: cleaning up after pod %s/%s: %v", w.agent.o.Name, pod.Namespace, pod.Name, err)
	}
	if gone || halting {
		return 0, true
	}
	if !w.over {
		w.reporter.set(w.view(pod))
	}
	if err := w.remove(ctx, pod); err != nil {
		if ctx.Err() == nil {
			w.agent.o.Logf("node %s: removing pod %s/%s: %v", w.agent.o.Name, pod.Namespace, pod.Name, err)
		}
		return deleteRetry, false
	}
	return 0, true
}

// endingGrace is what the deletion asks for, at least a second; a pod whose
// object is gone already has been deleted by force.
func endingGrace(pod *corev1.Pod, gone bool) time.Duration {
	grace := gracePeriod(pod)
	if s := pod.DeletionGracePeriodSeconds; s != nil {
		grace = time.Duration(*s) * time.Second
	}
	if gone && pod.DeletionTimestamp == nil {
		grace = time.Second
	}
	return max(grace, time.Second)
}

// release gives back what the pod has set aside; with all, its address and its
// folders too. What cannot be given back is told, and the rest given back all the
// same.
func (w *worker) release(pod *corev1.Pod, all bool) error {
	var failed []error
	for _, c := range w.all() {
		failed = append(failed, w.agent.removeGroup(groupPath(pod.UID, c.name)))
	}
	failed = append(failed, w.agent.removeGroup(groupPath(pod.UID, "")))
	w.agent.ledger.back(pod.UID)
	w.agent.pokeAll()
	if all {
		w.agent.addresses.back(pod.UID)
		failed = append(failed, w.agent.mounter.TearDown(pod.UID))
	}
	return errors.Join(failed...)
}

// remove writes the last status and deletes the object for good: the API server
// keeps a pod that is being deleted until its node says that it has ended.
func (w *worker) remove(ctx context.Context, pod *corev1.Pod) error {
	if err := w.reporter.report(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	now := int64(0)
	err := w.agent.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("deleting the object: %w", err)
	}
	return nil
}
