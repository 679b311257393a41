// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package node is a small, honest kubelet: an agent that registers a Node and runs
// the containers of the pods bound to it as local processes.
//
// It behaves towards the API server as a kubelet of v1.36 does: as the user
// system:node:<name> under NodeRestriction, with a Lease and conditions as
// heartbeats, pod status and conditions, probes, restarts with back-off, graceful
// stop, in-place resize, /metrics/resource and container logs. What it does not
// have: network and mount namespaces (each pod has an address of its own in
// 127.0.0.0/8, and mount paths are rewritten in commands and variables), users
// (every process runs as the agent's), Services, sidecars, ephemeral containers,
// gRPC probes.
//
// The way of a pod: the informer gives it to its worker, one goroutine which looks
// at the latest spec and at its containers and takes the next step (sync.go), until
// nothing is to do; whatever happens next, an exit, a verdict of a probe, a new
// spec or a timer, wakes it again. Only the worker touches its containers. What it
// knows goes to podstatus, which computes the status, and to the reporter, which
// patches it when it differs. Subpackages hold what needs no node: expand, volume,
// probe, podstatus, and serve for the HTTPS server.
package node
