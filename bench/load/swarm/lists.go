// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package swarm

import "net/http"

// listWork is what a list of everything counts for: as many gets as flow control has it
// take seats at the most (apiserver, flowcontrol/request: maximumSeats).
const listWork = 10

// Lists are lists of everything of a kind.
type Lists struct {
	class *Class
	path  string
}

// NewLists are lists of a path, as /api/v1/pods.
func NewLists(path string) *Lists {
	return &Lists{class: newClass("list-cluster", SLOCluster, listWork), path: path}
}

// Classes hold every request.
func (l *Lists) Classes() []*Class { return []*Class{l.class} }

// Next is the nth request of a user.
func (l *Lists) Next(int, int) Request {
	return Request{Class: l.class, Method: http.MethodGet, Path: l.path}
}
