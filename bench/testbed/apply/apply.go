// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apply writes YAML documents of any kind to an API server, as
// `kubectl apply --server-side` does: the files under manifests/ reach the
// testbed's clusters unchanged.
package apply

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

const (
	// kindPatience is how long a kind may stay unknown: a CustomResourceDefinition
	// applied just before takes a moment to be served.
	kindPatience = 15 * time.Second
	retryEvery   = 200 * time.Millisecond
)

// Applier applies documents to one API server.
type Applier struct {
	manager string
	client  dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

// New returns an Applier that owns what it writes under the given field manager.
func New(c *rest.Config, manager string) (*Applier, error) {
	own := rest.CopyConfig(c)
	own.QPS, own.Burst = 200, 400
	client, err := dynamic.NewForConfig(own)
	if err != nil {
		return nil, fmt.Errorf("preparing to apply to %s: %w", c.Host, err)
	}
	found, err := discovery.NewDiscoveryClientForConfig(own)
	if err != nil {
		return nil, fmt.Errorf("preparing to apply to %s: %w", c.Host, err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))
	return &Applier{manager: manager, client: client, mapper: mapper}, nil
}

// Apply writes the documents in their order, by server-side apply with unknown
// fields refused. Conflicting field managers are overruled.
func (a *Applier) Apply(ctx context.Context, documents []byte) error {
	objects, err := Decode(documents)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := a.one(ctx, object); err != nil {
			return fmt.Errorf("applying %s: %w", describe(object), err)
		}
	}
	return nil
}

func (a *Applier) one(ctx context.Context, object *unstructured.Unstructured) error {
	resource, err := a.resource(ctx, object)
	if err != nil {
		return err
	}
	raw, err := object.MarshalJSON()
	if err != nil {
		return err
	}
	force, strict := true, metav1.FieldValidationStrict
	_, err = resource.Patch(ctx, object.GetName(), "application/apply-patch+yaml", raw,
		metav1.PatchOptions{FieldManager: a.manager, Force: &force, FieldValidation: strict})
	return err
}

// resource finds the endpoint of the object's kind; an unknown kind is looked up
// afresh for a while.
func (a *Applier) resource(ctx context.Context, object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		mapping, err = a.awaitKind(ctx, kind)
	}
	if err != nil {
		return nil, err
	}
	resource := a.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return resource, nil
	}
	if object.GetNamespace() == "" {
		return nil, errors.New("metadata.namespace is missing")
	}
	return resource.Namespace(object.GetNamespace()), nil
}

func (a *Applier) awaitKind(ctx context.Context, kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	var mapping *meta.RESTMapping
	var last error
	err := wait.PollUntilContextTimeout(ctx, retryEvery, kindPatience, true, func(context.Context) (bool, error) {
		a.mapper.Reset()
		mapping, last = a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if last != nil && !meta.IsNoMatchError(last) && !apierrors.IsServiceUnavailable(last) {
			return false, last
		}
		return last == nil, nil
	})
	if err != nil {
		return nil, fmt.Errorf("the API server does not serve this kind: %w", errors.Join(last, err))
	}
	return mapping, nil
}

// Decode splits YAML or JSON documents into objects; empty ones are skipped.
func Decode(documents []byte) ([]*unstructured.Unstructured, error) {
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(documents)))
	var objects []*unstructured.Unstructured
	for n := 1; ; n++ {
		raw, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading YAML document %d: %w", n, err)
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(raw, &object.Object); err != nil {
			return nil, fmt.Errorf("reading YAML document %d: %w", n, err)
		}
		if len(object.Object) == 0 {
			continue
		}
		if object.GetKind() == "" || object.GetName() == "" {
			return nil, fmt.Errorf("reading YAML document %d: kind or metadata.name is missing", n)
		}
		objects = append(objects, object)
	}
}

func describe(o *unstructured.Unstructured) string {
	if o.GetNamespace() == "" {
		return o.GetKind() + " " + o.GetName()
	}
	return o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName()
}
