// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/answer"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// grant is what to do where a right is missing.
const grant = "grant get, list, create, patch and delete on horizontalpodautoscalers of autoscaling, as manifests/rbac/operator.yaml does"

// listFault says why the autoscalers of a profile's namespace cannot be looked at.
func listFault(cpp *v1alpha1.ControlPlaneProfile, err error) *plane.Fault {
	if unserved(err) {
		return &plane.Fault{Reason: v1alpha1.ReasonScalerUnable, Message: "the host cluster serves no HorizontalPodAutoscalers of autoscaling/v2: replicas are not scaled, all else goes on"}
	}
	return faultOf(v1alpha1.ReasonNotReadBack, "listing the HorizontalPodAutoscalers of namespace "+cpp.Namespace, err)
}

// unserved tells whether a host cluster does not know the kind.
func unserved(err error) bool { return meta.IsNoMatchError(err) || apierrors.IsNotFound(err) }

// faultOf names what the API answered and what to do about it; otherwise is the reason of
// what has none of its own.
func faultOf(otherwise, attempted string, err error) *plane.Fault {
	f := &plane.Fault{Reason: otherwise, Message: attempted + ": " + answer.Short(err)}
	switch {
	case apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict):
		f.Reason, f.Message = v1alpha1.ReasonFieldContested, fmt.Sprintf(
			"%s: %s; nothing was written. Take what is not Evenkeel's out of that manager's hands, or delete the autoscaler to have it made anew", attempted, conflicts(err))
	case errors.Is(err, errMany):
		f.Reason, f.Message = v1alpha1.ReasonOversize, attempted+": "+err.Error()+"; delete those that are not needed: nothing is decided about what cannot be read whole"
	case answer.Denied(err):
		f.Reason, f.Message = v1alpha1.ReasonAccessDenied, f.Message+"; "+grant
	case apierrors.IsConflict(err):
		f.Message += "; it has changed meanwhile, and is tried again"
	}
	return f
}

// conflicts names each field that is another manager's, with the manager.
func conflicts(err error) string {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || status.ErrStatus.Details == nil {
		return answer.Short(err)
	}
	var all []string
	for _, cause := range status.ErrStatus.Details.Causes {
		if cause.Type == metav1.CauseTypeFieldManagerConflict {
			all = append(all, fmt.Sprintf("%s: %s", cause.Field, cause.Message))
		}
	}
	return answer.Short(errors.New(strings.Join(all, ", ")))
}
