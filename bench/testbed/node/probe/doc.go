// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package probe asks a container how it does, as a kubelet does: by HTTP or HTTPS
// (unverified), by a TCP connection or by a command, after an initial delay, once
// a period, with a timeout, and with thresholds of consecutive answers before the
// verdict changes.
//
// A Check is one question. A Loop repeats it for one life of one container and
// reports each change of the verdict. Which probes run when (liveness and
// readiness only after a startup probe has succeeded) is the caller's business.
package probe
