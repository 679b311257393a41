// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// profileFile is the profile that is applied, as it is shipped.
const profileFile = "manifests/samples/acme.yaml"

// Profile watches the tenant's ControlPlaneProfile from outside, as a person with
// kubectl would, and remembers when which decision was first seen.
type Profile struct {
	client client.WithWatch
	key    types.NamespacedName

	mu      sync.Mutex
	latest  v1alpha1.ControlPlaneProfile
	changed chan struct{}
}

// LoadProfile reads the shipped sample and changes what the scenario changes. Sizes are
// only recommended and replicas not scaled: what is played is what Evenkeel does with the
// control plane as it is.
func LoadProfile(root string, sentenceSeconds, seatsMax int32) (*v1alpha1.ControlPlaneProfile, error) {
	raw, err := os.ReadFile(filepath.Join(root, profileFile)) //nolint:gosec // a file of this repository
	if err != nil {
		return nil, fmt.Errorf("reading the sample profile: %w", err)
	}
	for document := range bytes.SplitSeq(raw, []byte("\n---")) {
		p := &v1alpha1.ControlPlaneProfile{}
		if err := yaml.Unmarshal(document, p); err != nil {
			return nil, fmt.Errorf("reading the sample profile %s: %w", profileFile, err)
		}
		if p.Kind != "ControlPlaneProfile" {
			continue
		}
		p.Spec.Sizing.Mode = v1alpha1.ProtectionRecommend
		p.Spec.Scaling.Mode, p.Spec.APIServer.Replicas = v1alpha1.ProtectionOff, nil
		if sentenceSeconds > 0 {
			p.Spec.Protection.Sentence.DurationSeconds = sentenceSeconds
		}
		if seatsMax > 0 && p.Spec.APIServer.Seats != nil {
			p.Spec.APIServer.Seats.Max = &seatsMax
		}
		return p, nil
	}
	return nil, fmt.Errorf("reading the sample profile: %s holds no ControlPlaneProfile", profileFile)
}

// WatchProfile follows a profile until ctx ends.
func WatchProfile(ctx context.Context, config *rest.Config, key types.NamespacedName) (*Profile, error) {
	scheme, err := scheme()
	if err != nil {
		return nil, err
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("watching the profile %s: %w", key, err)
	}
	p := &Profile{client: c, key: key, changed: make(chan struct{})}
	go p.follow(ctx)
	return p, nil
}

// follow keeps latest up to date; a watch that breaks is opened again.
func (p *Profile) follow(ctx context.Context) {
	for ctx.Err() == nil {
		w, err := p.client.Watch(ctx, &v1alpha1.ControlPlaneProfileList{}, client.InNamespace(p.key.Namespace))
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			continue
		}
		for event := range w.ResultChan() {
			if seen, ok := event.Object.(*v1alpha1.ControlPlaneProfile); ok && seen.Name == p.key.Name {
				p.set(seen)
			}
		}
		w.Stop()
	}
}

func (p *Profile) set(seen *v1alpha1.ControlPlaneProfile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest = *seen
	close(p.changed)
	p.changed = make(chan struct{})
}

// Now is the profile as last seen, and a channel that closes when it changes.
func (p *Profile) Now() (v1alpha1.ControlPlaneProfile, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *p.latest.DeepCopy(), p.changed
}

// Await waits until the profile is as wanted; what says what that is.
func (p *Profile) Await(ctx context.Context, limit time.Duration, what string, wanted func(v1alpha1.ControlPlaneProfile) bool) (v1alpha1.ControlPlaneProfile, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		seen, changed := p.Now()
		if wanted(seen) {
			return seen, nil
		}
		select {
		case <-ctx.Done():
			return seen, fmt.Errorf("waiting %s for %s: %w; the profile says: %s", limit, what, ctx.Err(), summary(seen))
		case <-changed:
		}
	}
}

// Patch changes the profile's spec.
func (p *Profile) Patch(ctx context.Context, change func(*v1alpha1.ControlPlaneProfile)) error {
	seen := &v1alpha1.ControlPlaneProfile{}
	if err := p.client.Get(ctx, p.key, seen); err != nil {
		return fmt.Errorf("reading the profile %s: %w", p.key, err)
	}
	before := seen.DeepCopy()
	change(seen)
	if err := p.client.Patch(ctx, seen, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("changing the profile %s: %w", p.key, err)
	}
	return nil
}

// summary is the profile's conditions in a line, for errors.
func summary(seen v1alpha1.ControlPlaneProfile) string {
	var parts []string
	for _, c := range seen.Status.Conditions {
		parts = append(parts, fmt.Sprintf("%s=%s (%s: %s)", c.Type, c.Status, c.Reason, c.Message))
	}
	if len(parts) == 0 {
		return "nothing yet"
	}
	return strings.Join(parts, "; ")
}

// Delete deletes the profile and waits until its finalizer has let it go.
func (p *Profile) Delete(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	gone := &v1alpha1.ControlPlaneProfile{}
	gone.Namespace, gone.Name = p.key.Namespace, p.key.Name
	if err := p.client.Delete(ctx, gone); err != nil {
		return fmt.Errorf("deleting the profile %s: %w", p.key, err)
	}
	every := time.NewTicker(250 * time.Millisecond)
	defer every.Stop()
	for {
		err := p.client.Get(ctx, p.key, gone)
		if apierrors.IsNotFound(err) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting %s for the profile %s to be gone: its finalizers are %v", limit, p.key, gone.Finalizers)
		case <-every.C:
		}
	}
}
