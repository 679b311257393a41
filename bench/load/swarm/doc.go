// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package swarm is load by many clients of which none is to blame: each has a name, a
// connection and a small share of its own, and all of them together are more than a
// control plane carries.
//
// A Swarm is many users on one timetable. The crowd, mutating churn and lists of large
// objects are Mixes: they say what a user asks for next. A Stampede is of another kind:
// informers that all start cold at once.
//
// Users are open loop up to a bound, as programs are: a request is due whatever became
// of the last one, but a user has only so many on their way, and one who was told to
// come back later sends nothing until then.
package swarm
