// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package checker is a load that holds a control plane to its word. A few writers create
// and update ConfigMaps, each one write at a time and at a fixed rate; every write has a
// number, and what was acknowledged is read back from etcd's quorum, time and again and
// once more at the end. An acknowledged write that is neither there nor followed by a
// later one is lost.
//
// A write without an answer may have been carried out or not. An update names the version
// that it follows, so that one that comes late cannot undo a later one, and the object is
// read before it is written again. Nothing is tried again behind the record's back.
package checker
