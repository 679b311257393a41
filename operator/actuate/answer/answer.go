// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package answer reads what the host cluster's API answers to a write: whether it is
// the right that is missing, and how much of its text to show.
package answer

import (
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// longest bounds the part of a fault that the server, or a webhook behind it, wrote, in
// bytes: what to do about it must still fit into a condition after it.
const longest = 600

// Denied tells whether the right to do it is missing. Admission plugins and webhooks
// answer Forbidden as well; only the authorizer says that the user cannot
// (k8s.io/apiserver endpoints/handlers/responsewriters/errors.go).
func Denied(err error) bool {
	return apierrors.IsUnauthorized(err) || apierrors.IsForbidden(err) && strings.Contains(err.Error(), "\" cannot ")
}

// Short is the error's text, cut between two runes.
func Short(err error) string {
	text := strings.ToValidUTF8(err.Error(), "?")
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "..."
}
