// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package swarm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// listMeta finds a list's metadata in the beginning of its JSON: an apiserver writes it
// before the items, and the items are not worth the time to decode them.
func listMeta(head []byte) (meta metav1.ListMeta, err error) {
	d := json.NewDecoder(bytes.NewReader(head))
	if _, err := d.Token(); err != nil {
		return meta, fmt.Errorf("reading a list: %w", err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return meta, fmt.Errorf("reading a list: %w", err)
		}
		if key == "metadata" {
			if err := d.Decode(&meta); err != nil {
				return meta, fmt.Errorf("reading a list's metadata: %w", err)
			}
			return meta, nil
		}
		var other json.RawMessage
		if err := d.Decode(&other); err != nil {
			return meta, fmt.Errorf("reading a list: %w", err)
		}
	}
	return meta, errors.New("reading a list: it has no metadata")
}
