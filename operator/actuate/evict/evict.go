// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package evict asks the host cluster to evict one pod, within its disruption budget.
// It is the last resort of a resize that a node cannot carry out, where the profile
// allows it.
package evict

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/answer"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// within bounds one eviction, the look after it included.
const within = 5 * time.Second

// severalBudgets is what the API says of a pod that more than one budget covers
// (k8s.io/kubernetes pkg/registry/core/pod/storage/eviction.go).
const severalBudgets = "more than one PodDisruptionBudget"

// Pod evicts the pod of this UID and says what went wrong; nil when the API has it
// ended. Its disruption budget is heeded by the API, and no other pod of that name is
// touched. The pod has its own grace period to end in: that it is gone, and that its
// successor is ready, is for the caller to wait for. reader must read the API itself.
func Pod(ctx context.Context, reader client.Reader, writer client.SubResourceClientConstructor, key types.NamespacedName, uid types.UID) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	attempted := fmt.Sprintf("evicting pod %s", key)
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name = key.Namespace, key.Name
	err := writer.SubResource("eviction").Create(ctx, pod, &policyv1.Eviction{
		ObjectMeta:    metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name},
		DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}},
	})
	if err != nil {
		return faultOf(attempted, err)
	}
	return readBack(ctx, reader, attempted, key, uid)
}

// readBack makes sure that the pod is ending, or gone.
func readBack(ctx context.Context, reader client.Reader, attempted string, key types.NamespacedName, uid types.UID) *plane.Fault {
	var now corev1.Pod
	switch err := reader.Get(ctx, key, &now); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return &plane.Fault{Reason: v1alpha1.ReasonNotReadBack, Message: fmt.Sprintf("%s: evicted, and not read back: %s", attempted, answer.Short(err))}
	case now.UID == uid && now.DeletionTimestamp == nil:
		return &plane.Fault{Reason: v1alpha1.ReasonNotReadBack, Message: attempted + ": evicted, but it is not being deleted"}
	default:
		return nil
	}
}

// faultOf names what the API answered and what to do about it.
func faultOf(attempted string, err error) *plane.Fault {
	fault := func(reason, remedy string) *plane.Fault {
		return &plane.Fault{Reason: reason, Message: attempted + ": " + told(err) + remedy}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		// The client waits by itself when the API asks for it, as it does for ten seconds
		// when a budget has not been counted since it was changed.
		return fault(v1alpha1.ReasonWriteFailed, fmt.Sprintf("; no answer within %s: the API is overloaded, or the pod's budget has not been counted by its controller; look at the pod before this is tried again", within))
	case apierrors.HasStatusCause(err, policyv1.DisruptionBudgetCause):
		return fault(v1alpha1.ReasonEvictionBlocked, "; it is tried again when the budget allows it")
	case strings.Contains(err.Error(), severalBudgets):
		return fault(v1alpha1.ReasonEvictionBlocked, "; leave one budget over this pod")
	case apierrors.IsNotFound(err):
		return fault(v1alpha1.ReasonTargetNotFound, "")
	case apierrors.IsConflict(err):
		return fault(v1alpha1.ReasonTargetNotFound, "; the pod that was meant has been replaced")
	case answer.Denied(err):
		return fault(v1alpha1.ReasonAccessDenied, "; grant create on pods/eviction, as manifests/rbac/operator.yaml does")
	case apierrors.IsForbidden(err):
		return fault(v1alpha1.ReasonEvictionBlocked, "; a budget that its controller cannot count, or a webhook, forbids it")
	default:
		return fault(v1alpha1.ReasonWriteFailed, "")
	}
}

// told is the error with what the budget has to say, which stands apart from it.
func told(err error) string {
	text := answer.Short(err)
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || status.ErrStatus.Details == nil {
		return text
	}
	for _, cause := range status.ErrStatus.Details.Causes {
		if cause.Type == policyv1.DisruptionBudgetCause {
			return text + " " + answer.Short(errors.New(cause.Message))
		}
	}
	return text
}
