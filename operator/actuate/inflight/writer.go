// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	"encoding/json"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// writer is the field manager other than Evenkeel that was the last to write the
// command or the arguments of a container; empty when nobody did, or it is not told.
func writer(entries []metav1.ManagedFieldsEntry, container string) string {
	var last string
	var at time.Time
	for _, e := range entries {
		if e.Manager == v1alpha1.FieldManager || e.Subresource != "" || !writes(e.FieldsV1, container) {
			continue
		}
		var when time.Time
		if e.Time != nil {
			when = e.Time.Time
		}
		if last == "" || when.After(at) {
			last, at = e.Manager, when
		}
	}
	return last
}

// writes tells whether a set of fields holds the container's command or arguments.
func writes(fields *metav1.FieldsV1, container string) bool {
	key, err := json.Marshal(map[string]string{"name": container})
	if err != nil {
		return false
	}
	path := []string{"f:spec", "f:template", "f:spec", "f:containers", "k:" + string(key)}
	return has(fields, append(path, "f:args")...) || has(fields, append(path, "f:command")...)
}

// has tells whether a set of fields holds the one at the end of a path.
func has(fields *metav1.FieldsV1, path ...string) bool {
	if fields == nil {
		return false
	}
	level := json.RawMessage(fields.GetRawBytes())
	for _, step := range path {
		var inner map[string]json.RawMessage
		if json.Unmarshal(level, &inner) != nil || inner[step] == nil {
			return false
		}
		level = inner[step]
	}
	return true
}
