// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package volume makes a pod's volumes as real folders below the pod's own:
// Secrets, ConfigMaps, the downward API, projections of these with service
// account tokens, empty folders, folders of the host, and claims bound to local
// volumes.
//
// Content is written as a kubelet writes it: into a fresh folder that a symbolic
// link "..data" is then turned to, so that a reader sees either all of the old
// files or all of the new ones. Refresh renews content whose source has changed
// and tokens of which 80 % of the life is over.
//
// In place of the in-cluster files and the service environment, which cannot work
// without mount and network namespaces, a volume with a token also gets a file
// "kubeconfig" of the same identity.
package volume
