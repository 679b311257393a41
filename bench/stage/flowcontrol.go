// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// FlowControl is the tenant's flow-control configuration, a digest of its spec
// for each object: what "everything as before" is compared by.
type FlowControl map[string]string

// ReadFlowControl reads it with a client of the harness's own.
func ReadFlowControl(ctx context.Context, config *rest.Config) (FlowControl, error) {
	scheme, err := scheme()
	if err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("reading the tenant's flow control: %w", err)
	}
	f := FlowControl{}
	var levels flowcontrolv1.PriorityLevelConfigurationList
	if err := c.List(ctx, &levels); err != nil {
		return nil, fmt.Errorf("listing the tenant's priority levels: %w", err)
	}
	for _, l := range levels.Items {
		f["PriorityLevelConfiguration "+l.Name] = digest(l.Spec)
	}
	var schemas flowcontrolv1.FlowSchemaList
	if err := c.List(ctx, &schemas); err != nil {
		return nil, fmt.Errorf("listing the tenant's flow schemas: %w", err)
	}
	for _, s := range schemas.Items {
		f["FlowSchema "+s.Name] = digest(s.Spec)
	}
	return f, nil
}

func digest(spec any) string {
	raw, err := json.Marshal(spec)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%x", sha256.Sum256(raw))
}

// Difference names what is not as it was; empty when all is.
func (f FlowControl) Difference(was FlowControl) string {
	var d []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		switch before, there := was[name]; {
		case !there:
			d = append(d, name+" is new")
		case before != f[name]:
			d = append(d, name+" has changed")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, there := f[name]; !there {
			d = append(d, name+" is gone")
		}
	}
	return strings.Join(d, ", ")
}

// AwaitFlowControl waits until the tenant's flow control is as it was, and says
// when it was first seen so.
func AwaitFlowControl(ctx context.Context, config *rest.Config, was FlowControl, limit time.Duration) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	last := "it could not be read"
	for {
		if now, err := ReadFlowControl(ctx, config); err == nil {
			if last = now.Difference(was); last == "" {
				return time.Now(), nil
			}
		}
		select {
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("waiting %s for the tenant's flow control to be as before: %s", limit, last)
		case <-tick.C:
		}
	}
}
