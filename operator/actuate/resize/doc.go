// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package resize changes what one container of one running pod requests, in place,
// through the pods/resize subresource, and tells how such a resize goes on.
//
// It writes a strategic merge patch of that one container, by its name, with the pod's
// UID and resource version in it. By name, because containers are keyed by it: a JSON
// patch names a container by its position and server-side apply would have to take the
// fields from whoever created the pod by force, and would give them up as a removal,
// which no resize may be. With the resource version, because what makes a write safe
// (the limits, the quality of service, the policy) was judged on that version; a pod
// that has changed since is read and judged anew.
//
// The templates of workloads are never touched: a resize starts no rollout, and a pod
// that is created anew has its template's size.
package resize
