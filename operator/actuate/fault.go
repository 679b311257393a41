// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/recommender/plane"
)

var (
	// errTooMany is a tenant with more objects than are looked at.
	errTooMany = fmt.Errorf("the tenant has more than %d of them", mostObjects)
	// errKept is an object that is there after its deletion.
	errKept = errors.New("deleted, but still there")
)

// longestError bounds the part of a fault that the tenant's server wrote, in
// bytes: what to do about it must still fit into a condition after it.
const longestError = 600

// writeFault is the fault of a write: what failed, why, and what to do.
func writeFault(attempted string, err error) *plane.Fault {
	return faultOf(attempted, err, v1alpha1.ReasonWriteFailed)
}

// readFault is the fault of a read: a tenant that cannot tell its configuration
// is out of reach, whatever it says instead.
func readFault(attempted string, err error) *plane.Fault {
	return faultOf(attempted, err, v1alpha1.ReasonTenantUnreachable)
}

// faultOf names an error of the tenant's API and what to do about it. An error
// that is none of those with a reason of their own has the reason otherwise.
func faultOf(attempted string, err error, otherwise string) *plane.Fault {
	reason, remedy := otherwise, ""
	_, answered := errors.AsType[*apierrors.StatusError](err)
	switch {
	case apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict):
		reason = v1alpha1.ReasonFieldContested
		remedy = "somebody else manages that field: agree on one manager, or pause this profile"
	case apierrors.IsConflict(err):
		remedy = "it has changed meanwhile, and is tried again"
	case apierrors.IsForbidden(err):
		reason = v1alpha1.ReasonAccessDenied
		remedy = "grant get, list, create, patch, update and delete on flowschemas and prioritylevelconfigurations of flowcontrol.apiserver.k8s.io, as manifests/tenant/rbac.yaml does"
	case apierrors.IsUnauthorized(err):
		reason = v1alpha1.ReasonAccessDenied
		remedy = "the tenant does not accept the credentials: renew the kubeconfig in the access Secret"
	case errors.Is(err, errTooMany), errors.Is(err, access.ErrAnswerTooLong):
		reason = v1alpha1.ReasonOversize
		remedy = "delete those that are not needed: nothing is decided about a configuration that cannot be read whole"
	case errors.Is(err, access.ErrRedirect):
		reason = v1alpha1.ReasonReplicaRedirects
	case errors.Is(err, errKept):
		remedy = "whoever keeps it must let it go"
	case !answered, apierrors.IsTimeout(err), apierrors.IsServerTimeout(err),
		apierrors.IsServiceUnavailable(err), apierrors.IsTooManyRequests(err):
		reason = v1alpha1.ReasonTenantUnreachable
	}
	message := attempted + ": " + shortened(err.Error())
	if remedy != "" {
		message += "; " + remedy
	}
	return &plane.Fault{Reason: reason, Message: message}
}

// shortened cuts a text that a tenant wrote, between two runes.
func shortened(text string) string {
	text = strings.ToValidUTF8(text, "?")
	if len(text) <= longestError {
		return text
	}
	return strings.ToValidUTF8(text[:longestError], "") + "..."
}
