// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package victim is the load that must not suffer in a storm: the nodes' lease
// renewals, and an ordinary controller with an informer and a get now and then.
// Both are open loop (see package load).
package victim

import "time"

// Deadline is how long a victim waits for an answer: a node's lease is renewed
// every 10 s.
const Deadline = 10 * time.Second
