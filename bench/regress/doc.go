// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package regress measures the plan of disruptive steps: whether it stops, and takes back,
// a rollout that makes something worse, and whether it lets a healthy one go on.
//
// Regressions are injected into the testbed while Evenkeel restarts the pods of a tenant
// one after the other (play.go). Healthy rollouts are simulated, a thousand of them, by
// handing the recommender what a control plane with all its noise would show (healthy.go):
// what they cost by real time would be weeks.
package regress
