// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"evenkeel.dev/evenkeel/bench/testbed/node/podstatus"
)

// reportTries bounds how often one report is tried in a row; reportRetry is the
// pause after a row that failed.
const (
	reportTries = 3
	reportRetry = time.Second
)

// reporter keeps a pod's status in the API equal to what its worker knows. It
// writes only what differs, and only the latest view.
type reporter struct {
	agent  *Agent
	latest func() *corev1.Pod
	wake   chan struct{}

	mu    sync.Mutex
	view  *podstatus.View
	known *corev1.Pod

	// writing is held by whoever writes.
	writing sync.Mutex
}

func newReporter(a *Agent, latest func() *corev1.Pod) *reporter {
	return &reporter{agent: a, latest: latest, wake: make(chan struct{}, 1)}
}

// set gives the reporter what is known now.
func (r *reporter) set(v podstatus.View) {
	r.mu.Lock()
	r.view = &v
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default: // it will write anyway
	}
}

func (r *reporter) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		for r.report(ctx) != nil {
			timer := r.agent.clock.NewTimer(reportRetry)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C():
			}
		}
	}
}

// report writes the latest view where it differs from what the API says. A pod
// that is gone, or another of the same name, is no error: there is nothing to
// report to.
func (r *reporter) report(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	var err error
	for range reportTries {
		if err = r.once(ctx); err == nil || apierrors.IsNotFound(err) {
			return nil
		}
		if apierrors.IsConflict(err) {
			if err = r.reload(ctx); errors.Is(err, errReplaced) {
				return nil
			}
		}
	}
	pod := r.latest()
	err = fmt.Errorf("writing the status of pod %s/%s: %w", pod.Namespace, pod.Name, err)
	if ctx.Err() == nil {
		r.agent.o.Logf("node %s: %v", r.agent.o.Name, err)
	}
	return err
}

func (r *reporter) once(ctx context.Context) error {
	r.mu.Lock()
	view := r.view
	r.mu.Unlock()
	if view == nil {
		return nil
	}
	base := r.base()
	status := podstatus.Compute(&base.Spec, base.Status, *view, metav1.NewTime(r.agent.clock.Now()))
	patch, err := difference(base.UID, base.Status, status)
	if err != nil || patch == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := r.agent.client.CoreV1().Pods(base.Namespace).Patch(ctx, base.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.known = answer
	r.mu.Unlock()
	return nil
}

// base is the newest object that is known: the informer's, or the answer to the
// latest write.
func (r *reporter) base() *corev1.Pod {
	pod := r.latest()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		return pod
	}
	if order, err := resourceversion.CompareResourceVersion(r.known.ResourceVersion, pod.ResourceVersion); err != nil || order < 0 {
		return pod
	}
	return r.known
}

// errReplaced: another pod has taken the name.
var errReplaced = errors.New("another pod has taken the name")

func (r *reporter) reload(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	pod := r.latest()
	now, err := r.agent.client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && now.UID != pod.UID {
		return errReplaced
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = now
	return nil
}

// difference is the patch from one status to another, bound to the pod's UID; nil
// when they are equal as the API stores them.
func difference(uid types.UID, from, to corev1.PodStatus) ([]byte, error) {
	before, err := json.Marshal(corev1.Pod{Status: from})
	if err != nil {
		return nil, fmt.Errorf("encoding the status: %w", err)
	}
	after, err := json.Marshal(corev1.Pod{Status: to})
	if err != nil {
		return nil, fmt.Errorf("encoding the status: %w", err)
	}
	patch, err := strategicpatch.CreateTwoWayMergePatch(before, after, corev1.Pod{})
	if err != nil {
		return nil, fmt.Errorf("comparing the status: %w", err)
	}
	var fields map[string]any
	if err := json.Unmarshal(patch, &fields); err != nil {
		return nil, fmt.Errorf("comparing the status: %w", err)
	}
	if len(fields) == 0 {
		return nil, nil
	}
	fields["metadata"] = map[string]any{"uid": uid}
	return json.Marshal(fields)
}
