// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package replay plays a tenant's day against upstream's own controller of
// HorizontalPodAutoscalers and Evenkeel's decisions, in a time of their own, so that hours
// pass in seconds. The controller is the one of k8s.io/kubernetes, with an API in memory
// and a plant for its metrics; Evenkeel's part is recommender.Decide, and its steps are
// carried out on the plant.
//
// Time of that kind exists within tests alone (testing/synctest): the replay is a test
// binary, and writes what it saw to the file that -result names.
package replay
