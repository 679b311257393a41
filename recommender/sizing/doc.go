// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sizing decides how much CPU and memory a container of a control plane is to
// request: by a curve over what the control plane carries, and by how its own use has
// compared to that curve (docs/adr/0010-right-sizing.md).
package sizing
