// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// HistoryName is that of the UsageHistory in each namespace.
const HistoryName = "evenkeel-recommender"

// mostContainers is how many histories one UsageHistory holds.
const mostContainers = 256

// Namespaces are those of which something is kept, sorted.
func (f *Fleet) Namespaces() []string {
	seen := map[string]bool{}
	var all []string
	for key := range f.known {
		if !seen[key.Namespace] {
			seen[key.Namespace] = true
			all = append(all, key.Namespace)
		}
	}
	slices.Sort(all)
	return all
}

// Save is what is kept of some namespaces, by their names. What cannot be written down, or
// is too much for one object, is left out and told.
func (f *Fleet) Save(now time.Time, namespaces map[string]bool) (all map[string]*v1alpha1.UsageHistory, err error) {
	var faults []error
	all = map[string]*v1alpha1.UsageHistory{}
	for key, k := range f.known {
		if !namespaces[key.Namespace] {
			continue
		}
		h := all[key.Namespace]
		if h == nil {
			h = &v1alpha1.UsageHistory{
				ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: HistoryName, Labels: map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy}},
				Saved:      &metav1.Time{Time: now.Truncate(time.Second)},
			}
			all[key.Namespace] = h
		}
		for i := range k.containers {
			n := &k.containers[i]
			cpu, memory, err := n.kept.Save()
			if err == nil && len(h.Containers) >= mostContainers {
				err = fmt.Errorf("there are more than %d containers in the namespace", mostContainers)
			}
			if err != nil {
				faults = append(faults, fmt.Errorf("keeping what %s of %s has used: %w", n.name, key, err))
				continue
			}
			h.Containers = append(h.Containers, v1alpha1.ContainerHistory{Of: key.Name, Container: n.name, CPU: string(cpu), Memory: string(memory)})
		}
	}
	for _, h := range all {
		slices.SortFunc(h.Containers, func(a, b v1alpha1.ContainerHistory) int {
			return strings.Compare(a.Of+"/"+a.Container, b.Of+"/"+b.Container)
		})
	}
	return all, errors.Join(faults...)
}

// Restore takes what was kept by a process before. What cannot be read is learnt anew, and
// told.
func (f *Fleet) Restore(now time.Time, histories []v1alpha1.UsageHistory) error {
	var faults []error
	for i := range histories {
		h := &histories[i]
		if h.Name != HistoryName {
			continue
		}
		for _, c := range h.Containers {
			kept, err := sizing.LoadContainer(sizing.APIServer, []byte(c.CPU), []byte(c.Memory))
			if err != nil {
				faults = append(faults, fmt.Errorf("reading what %s of %s/%s has used: %w", c.Container, h.Namespace, c.Of, err))
				continue
			}
			key := types.NamespacedName{Namespace: h.Namespace, Name: c.Of}
			if f.known[key] == nil {
				f.known[key] = &known{since: now, seen: now}
			}
			n := f.known[key].of(c.Container)
			n.kept, n.killed = kept, kept.Wounded()
		}
	}
	return errors.Join(faults...)
}
