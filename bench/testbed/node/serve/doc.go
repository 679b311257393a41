// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package serve is a node's HTTPS server: usage at /metrics/resource in the form
// that metrics-server v0.9.0 decodes, container logs, and health. Callers are
// known by a client certificate or a bearer token, and the API server is asked
// whether they may, as a kubelet does.
package serve
