// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// Labels tell the series of one host cluster from those of others in the same store, where
// control planes of one name would be one. All that is sent has them, and all that is asked
// for.
type Labels map[string]string

// ParseLabels reads labels as NAME=VALUE. It errs where one would stand for what the series
// say themselves, as then what is sent would not have it.
func ParseLabels(texts []string) (Labels, error) {
	labels := Labels{}
	for _, text := range texts {
		name, value, is := strings.Cut(text, "=")
		switch {
		case !is || value == "": // to a store an empty label is none
			return nil, fmt.Errorf("the store's label %q: want NAME=VALUE, as in cluster=eu1", text)
		case !model.LegacyValidation.IsValidLabelName(name):
			return nil, fmt.Errorf("the store's label %q: a name is of letters, digits and underscores, and does not begin with a digit", text)
		case strings.HasPrefix(name, model.ReservedLabelPrefix):
			return nil, fmt.Errorf("the store's label %q: names that begin with %s are the store's own", text, model.ReservedLabelPrefix)
		case slices.Contains(own(), name):
			return nil, fmt.Errorf("the store's label %q: the operator's series have a label %s of their own", text, name)
		case !model.LabelValue(value).IsValid():
			return nil, fmt.Errorf("the store's label %q: its value is not UTF-8", text)
		}
		if _, twice := labels[name]; twice {
			return nil, fmt.Errorf("the store's label %q: there is one of this name already", text)
		}
		labels[name] = value
	}
	return labels, nil
}

// own are the labels that the operator's series and the process that sends them have.
func own() []string {
	names := append([]string{model.JobLabel, model.InstanceLabel, model.BucketLabel, model.QuantileLabel}, series.Of...)
	for _, s := range series.List() {
		for _, l := range s.Labels {
			names = append(names, l.Name)
		}
	}
	return names
}

// With are these labels and others.
func (l Labels) With(others map[string]string) map[string]string {
	all := maps.Clone(others)
	maps.Copy(all, l)
	return all
}

// matchers are the labels as PromQL asks for them, after others. A value is somebody's text,
// and PromQL reads it as Go does.
func (l Labels) matchers() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(l)) {
		b.WriteString("," + name + "=" + strconv.Quote(l[name]))
	}
	return b.String()
}
