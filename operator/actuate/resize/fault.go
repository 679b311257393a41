// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package resize

import (
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/answer"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// noSupport is what the API says of a node whose kubelet does not tell what is in force
// (k8s.io/kubernetes pkg/apis/core/validation, isPodResizeRequestSupported).
const noSupport = "without support for resize"

// What the API itself says of a pod's node from Kubernetes 1.36 on, before any kubelet
// is asked: that its allocatable is less than the pods' requests would be
// (plugin/pkg/admission/podresize), and that it has not declared what this resize needs
// (plugin/pkg/admission/nodedeclaredfeatures).
const (
	tooSmall   = "enough allocatable resources"
	undeclared = "which are not available on node"
)

// fault is one about this order.
func (o Order) fault(reason, format string, args ...any) *plane.Fault {
	return &plane.Fault{Reason: reason, Message: o.words() + ": " + fmt.Sprintf(format, args...)}
}

// words are the order as people read it.
func (o Order) words() string {
	var to []string
	if o.Size.CPU > 0 {
		to = append(to, fmt.Sprintf("%dm", millis(min(o.Size.CPU, mostCores))))
	}
	if o.Size.Memory > 0 {
		to = append(to, fmt.Sprintf("%dMi", mebibytes(min(o.Size.Memory, mostBytes))/mebibyte))
	}
	return fmt.Sprintf("resizing container %s of pod %s/%s to %s", o.Container, o.Pod.Namespace, o.Pod.Name, strings.Join(to, " and "))
}

// faultOf names what the API answered to the write and what to do about it.
func (o Order) faultOf(err error) *plane.Fault {
	switch {
	case apierrors.IsConflict(err):
		return o.fault(v1alpha1.ReasonWriteFailed, "%s; it has changed meanwhile, and is tried again", short(err))
	case answer.Denied(err):
		return o.fault(v1alpha1.ReasonResizeDenied, "%s; grant patch on pods/resize, as manifests/rbac/operator.yaml does", short(err))
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), tooSmall):
		return o.fault(v1alpha1.ReasonResizeInfeasible, "%s; the pod needs a larger node, or the profile a lower bound", short(err))
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), undeclared),
		apierrors.IsInvalid(err) && strings.Contains(err.Error(), noSupport):
		return o.fault(v1alpha1.ReasonResizeUnsupported, "%s; the pod's node needs a kubelet that can: 1.33 or later", short(err))
	case apierrors.IsForbidden(err):
		return o.fault(v1alpha1.ReasonResizeRefused, "%s; a LimitRange, a quota or a webhook of the host cluster forbids it: change that, or the bounds of the profile", short(err))
	case apierrors.IsInvalid(err) || apierrors.IsBadRequest(err):
		return o.fault(v1alpha1.ReasonResizeRefused, "%s; the pod stays as it is", short(err))
	case apierrors.IsNotFound(err) && o.gone(err):
		return o.fault(v1alpha1.ReasonTargetNotFound, "%s", short(err))
	case apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err):
		return o.fault(v1alpha1.ReasonResizeUnsupported, "%s; the host cluster's API has no pods/resize: it came with Kubernetes 1.33; until then sizes can only be recommended", short(err))
	default:
		return o.fault(v1alpha1.ReasonWriteFailed, "%s", short(err))
	}
}

// gone tells a pod that is not there from a subresource that is not known.
func (o Order) gone(err error) bool {
	return strings.Contains(err.Error(), fmt.Sprintf("%q not found", o.Pod.Name))
}

func short(err error) string { return answer.Short(err) }
