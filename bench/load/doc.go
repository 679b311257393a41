// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package load is what the testbed's load generators share: a recorder that keeps
// every request raw, an open-loop schedule, and connections of their own.
//
// The victims (load/victim) are open loop: requests leave on a fixed schedule
// whatever the answers do, and a latency is measured from the scheduled time, not
// from the time of sending. A server that stalls for a second therefore shows in
// every request that was due in that second, not just in the one that happened to
// be on its way (coordinated omission). The offender (load/offender) is closed
// loop on purpose: that is how a misbehaving agent behaves. load/fill stores what
// they read.
package load
