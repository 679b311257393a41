// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package nodes is a tenant that grows: nodes join one after another, as fast as they
// are told to, and do from then on what a kubelet does to an apiserver. There are no
// machines behind them and nothing runs.
//
// A node is registered by itself, as system:node:<name>, with a status of some
// kilobytes; renews its Lease every 10 s by an update; patches its status when it has
// become ready and every 5 min from then on; watches the pods that are bound to it, and
// has each of them running with one patch. A share of the nodes watches besides what a
// kubelet and a proxy watch: the Services, the node itself, and a ConfigMap of its
// pods. All but the status patches is protobuf, as a kubelet's is.
//
// Each node has one connection of its own through the balancer. That is what a kubelet
// has, and what an apiserver pays for: a connection is memory and goroutines, and the
// node's part of what an apiserver needs would be missing if they were shared. The TLS
// handshake comes once for each node, about a millisecond in all on both sides: at ten
// nodes a second, a hundredth of a core. What the load costs its own side is goroutines
// that sleep, and answers that nobody decodes.
//
// What is left out, as it adds little or nobody can say how much: events, tokens of
// service accounts, CSINodes, a watch for each further ConfigMap and Secret of a pod.
package nodes
