// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package profile measures what real kube-apiservers and etcds need for what they
// carry, and fits the curves of a ResourceProfile to it.
//
// A tenant of three apiservers and three etcds, without limits, is grown in stages. Each
// stage moves one driver or two: nodes, pods, objects, their bytes, requests. What the
// stages have in common is subtracted by the fit, so that what a driver costs by itself
// can be told. A stage is measured when the tenant has come to rest: CPU and memory by
// the containers' cgroups, the drivers by the metrics pages that an operator sees.
//
// The fit is least squares over the relative errors, with no coefficient below zero:
// nothing that a control plane carries makes it need less.
package profile
