// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package expand turns what a container's spec says into what a local process is
// given: $(VAR) references, the downward API, environment variables, and mount
// paths rewritten to real folders, for there are no mount namespaces here.
package expand
