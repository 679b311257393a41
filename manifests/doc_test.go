// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifests_test applies what this folder ships to a real kube-apiserver:
// the CRD refuses what makes no sense and says why, everything else is accepted
// as it is, and the operator gets no more rights than it is meant to have.
package manifests_test
