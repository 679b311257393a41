// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package replicas decides how many replicas of the apiserver there should be at the
// least, the floor, by what the control plane does: seats that are asked for, against the
// load line, and cores that are used, against what a replica may come to
// (docs/adr/0011-one-plan-of-disruptive-steps.md). Where more of them would not help it
// says so instead. Beside it stands how evenly the connections lie on the replicas.
//
// It is a function of what is handed to it: no client, no clock.
package replicas
