// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// record is the value of OriginalAnnotation on a workload. It stands beside the
// template, not in it, so that it starts no rollout.
type record struct {
	// Original is what stood there before the first write, Before what did before the
	// last one, and Written what that made of it, at a time.
	Original texts     `json:"original"`
	Before   texts     `json:"before"`
	Written  texts     `json:"written"`
	At       time.Time `json:"at"`
	// Back is true when the last write was a rollback.
	Back bool `json:"back,omitempty"`
	// Held is true while the rollout of the last write is held by Evenkeel.
	Held bool `json:"held,omitempty"`
	// Template is a hash of the whole template as the last write left it.
	Template string `json:"template"`
}

// recordOf reads what a workload keeps; nil when it carries no such annotation.
func recordOf(o metav1.Object) (*record, error) {
	text, there := o.GetAnnotations()[v1alpha1.OriginalAnnotation]
	if !there {
		return nil, nil //nolint:nilnil // none is an answer
	}
	var r record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, fmt.Errorf("reading its annotation %s: %w", v1alpha1.OriginalAnnotation, err)
	}
	return &r, nil
}

// flags are the record as the recommender takes it.
func (r *record) flags() (*plane.WrittenFlags, error) {
	out := &plane.WrittenFlags{At: r.At, Back: r.Back}
	for _, f := range []struct {
		to   *plane.Flags
		from texts
	}{{&out.Original, r.Original}, {&out.Before, r.Before}, {&out.Flags, r.Written}} {
		flags, err := f.from.flags()
		if err != nil {
			return nil, fmt.Errorf("reading its annotation %s: %w", v1alpha1.OriginalAnnotation, err)
		}
		*f.to = flags
	}
	return out, nil
}

// put writes the record into a workload's annotations.
func (r *record) put(o metav1.Object) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing its annotation %s: %w", v1alpha1.OriginalAnnotation, err)
	}
	all := map[string]string{v1alpha1.OriginalAnnotation: string(raw)}
	for k, v := range o.GetAnnotations() {
		if k != v1alpha1.OriginalAnnotation {
			all[k] = v
		}
	}
	o.SetAnnotations(all)
	return nil
}

// hashOf tells one template from another.
func hashOf(t *corev1.PodTemplateSpec) (string, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("writing the pod template down: %w", err)
	}
	h := fnv.New64a()
	_, _ = h.Write(raw)
	return fmt.Sprintf("%016x", h.Sum64()), nil
}
