// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"errors"
	"fmt"
	"strings"
)

// Class is a kind of request whose execution times are alike.
type Class struct {
	// Verb is as the apiserver's metrics have it: GET, LIST, POST, PUT, PATCH, APPLY,
	// DELETE, DELETECOLLECTION. Scope is resource, namespace or cluster.
	Verb, Group, Resource, Subresource, Scope string
}

// errClass is a text that is no class.
var errClass = errors.New("not a class of requests")

// classFields is how many fields a class has.
const classFields = 5

// MarshalText writes the class so that it can be the key of a map in JSON: its fields
// in their order, with a blank between two of them.
func (c Class) MarshalText() ([]byte, error) {
	fields := []string{c.Verb, c.Group, c.Resource, c.Subresource, c.Scope}
	for _, f := range fields {
		if strings.Contains(f, " ") {
			return nil, fmt.Errorf("writing %+v: a field holds a blank: %w", c, errClass)
		}
	}
	return []byte(strings.Join(fields, " ")), nil
}

// UnmarshalText reads what MarshalText has written.
func (c *Class) UnmarshalText(text []byte) error {
	fields := strings.Split(string(text), " ")
	if len(fields) != classFields {
		return fmt.Errorf("reading %q: %w", text, errClass)
	}
	*c = Class{Verb: fields[0], Group: fields[1], Resource: fields[2], Subresource: fields[3], Scope: fields[4]}
	return nil
}

// Served is what was served of one class in a window.
type Served struct {
	Class Class
	// Requests counts them, Seconds is their execution time, added up: without the time
	// in queues and in webhooks.
	Requests, Seconds float64
}

// Process is how one apiserver's process is, by its own account and its container's
// limits.
type Process struct {
	// Resident is its memory in bytes, MemoryLimit what its container may have; 0 is
	// unknown or no limit.
	Resident, MemoryLimit float64
	// CPU is the cores it used over the window, CPULimit what its container may use; 0
	// is unknown or no limit.
	CPU, CPULimit float64
	// EtcdRequests are its requests to etcd in work at once, on average over the window
	// (Little's law).
	EtcdRequests float64
}

// Stored is what is stored of a control plane.
type Stored struct {
	// Nodes and Pods count them, Objects all the others.
	Nodes, Pods, Objects float64
	// Bytes are those of all objects, estimated; 0 where that is not told.
	Bytes float64
}
