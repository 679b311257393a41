// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package observe looks at the kube-apiserver replicas and the etcd members of one
// tenant, each at its own address, and tells what it sees in the vocabulary of
// recommender/plane.
//
// A Plane keeps one HTTP/2 connection to each replica. A look reads the metrics
// page (package page) and, where asked to, the debug dump of API Priority and
// Fairness (package dump), from all replicas at once; a pulse times the smallest
// request. A failure is never an error: it is a Fault on the replica that failed,
// next to what was last seen of it and when, so that whoever decides can tell
// old news from none. After a failure a replica is left alone for a while.
//
// Members are the etcd members of the same tenant. Each is asked for its metrics page
// and, by etcd's own client, for its status; what holds for replicas holds for them.
//
// Replicas belong to tenants and are not trusted. They are verified against the
// tenant's CA, redirects are not followed, no proxy is used, and every answer is
// bounded in size and time.
package observe
