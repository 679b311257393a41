// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package expand

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Source reads the objects that variables come from. Found is false when there
// is none of that name.
type Source interface {
	ConfigMap(ctx context.Context, namespace, name string) (data map[string]string, found bool, err error)
	Secret(ctx context.Context, namespace, name string) (data map[string]string, found bool, err error)
}

// Variables is an environment; later ones overrule earlier ones.
type Variables struct {
	names  []string
	values map[string]string
}

// Set sets a variable.
func (v *Variables) Set(name, value string) {
	if v.values == nil {
		v.values = map[string]string{}
	}
	if _, there := v.values[name]; !there {
		v.names = append(v.names, name)
	}
	v.values[name] = value
}

// Lookup finds a variable.
func (v *Variables) Lookup(name string) (string, bool) {
	value, ok := v.values[name]
	return value, ok
}

// List is the environment as a process is given it, with mount paths rewritten.
func (v *Variables) List(paths Paths) []string {
	list := make([]string, 0, len(v.names))
	for _, name := range v.names {
		list = append(list, name+"="+paths.Rewrite(v.values[name]))
	}
	return list
}

// Environment adds a container's variables to v, in the API's order: envFrom
// first, then env, each of which may refer to those before it.
func Environment(ctx context.Context, v *Variables, c *corev1.Container, facts Facts, source Source) error {
	for i := range c.EnvFrom {
		if err := addAll(ctx, v, &c.EnvFrom[i], facts.Pod.Namespace, source); err != nil {
			return err
		}
	}
	for i := range c.Env {
		variable := &c.Env[i]
		if variable.ValueFrom == nil {
			v.Set(variable.Name, Vars(variable.Value, v.Lookup))
			continue
		}
		value, set, err := from(ctx, variable.ValueFrom, c.Name, facts, source)
		if err != nil {
			return fmt.Errorf("variable %s: %w", variable.Name, err)
		}
		if set {
			v.Set(variable.Name, value)
		}
	}
	return nil
}

func addAll(ctx context.Context, v *Variables, e *corev1.EnvFromSource, namespace string, source Source) error {
	var data map[string]string
	var err error
	switch {
	case e.ConfigMapRef != nil:
		data, err = read(ctx, "configmap", namespace, e.ConfigMapRef.Name, e.ConfigMapRef.Optional, source.ConfigMap)
	case e.SecretRef != nil:
		data, err = read(ctx, "secret", namespace, e.SecretRef.Name, e.SecretRef.Optional, source.Secret)
	}
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		v.Set(e.Prefix+key, data[key])
	}
	return nil
}

func from(ctx context.Context, f *corev1.EnvVarSource, container string, facts Facts, source Source) (value string, set bool, err error) {
	switch {
	case f.FieldRef != nil:
		value, err = facts.Field(f.FieldRef.FieldPath)
		return value, true, err
	case f.ResourceFieldRef != nil:
		value, err = facts.Resource(container, f.ResourceFieldRef)
		return value, true, err
	case f.ConfigMapKeyRef != nil:
		r := f.ConfigMapKeyRef
		return one(ctx, "configmap", facts.Pod.Namespace, r.Name, r.Key, r.Optional, source.ConfigMap)
	case f.SecretKeyRef != nil:
		r := f.SecretKeyRef
		return one(ctx, "secret", facts.Pod.Namespace, r.Name, r.Key, r.Optional, source.Secret)
	}
	return "", false, errors.New("its source is not known to a node of the testbed")
}

type reader func(ctx context.Context, namespace, name string) (map[string]string, bool, error)

// read says what is missing in a kubelet's words.
func read(ctx context.Context, kind, namespace, name string, optional *bool, get reader) (map[string]string, error) {
	data, found, err := get(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	if !found && (optional == nil || !*optional) {
		return nil, fmt.Errorf("%s %q not found", kind, name)
	}
	return data, nil
}

func one(ctx context.Context, kind, namespace, name, key string, optional *bool, get reader) (string, bool, error) {
	data, err := read(ctx, kind, namespace, name, optional, get)
	if err != nil {
		return "", false, err
	}
	value, ok := data[key]
	if !ok && (optional == nil || !*optional) {
		return "", false, fmt.Errorf("couldn't find key %s in %s %s/%s", key, kind, namespace, name)
	}
	return value, ok, nil
}
