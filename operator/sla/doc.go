// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sla asks control planes from outside whether they serve, and keeps the ledger of
// it. Every operator replica is a vantage point: it asks every replica of a control plane
// at its own address, and the tenant's balancer, every few seconds. What the answers mean
// is recommender/sla's to say.
//
// Tenants are not trusted: their servers are verified against their own CA, redirects are
// not followed, no proxy is used, and every answer is bounded in size and time.
package sla
