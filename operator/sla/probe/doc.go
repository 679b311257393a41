// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package probe asks control planes from outside whether they serve: every replica at its own
// address, and the tenant's balancer, every few seconds. What the answers mean is
// recommender/sla's to say.
//
// Tenants are not trusted: their servers are verified against their own CA, redirects are
// not followed, no proxy is used, and every answer is bounded in size and time.
package probe
