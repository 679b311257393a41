// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// profileFile is the profile that the demo applies, as it is shipped.
const profileFile = "manifests/samples/acme.yaml"

// profile watches the demo's ControlPlaneProfile from outside, as a person with
// kubectl would, and remembers when which decision was first seen.
type profile struct {
	client client.WithWatch
	key    types.NamespacedName

	mu      sync.Mutex
	latest  v1alpha1.ControlPlaneProfile
	changed chan struct{}
}

// loadProfile reads the shipped sample and changes what the scenario changes.
func loadProfile(root string, sentenceSeconds, seatsMax int32) (*v1alpha1.ControlPlaneProfile, error) {
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

// watchProfile follows a profile until ctx ends.
func watchProfile(ctx context.Context, config *rest.Config, key types.NamespacedName) (*profile, error) {
	scheme, err := scheme()
	if err != nil {
		return nil, err
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("watching the profile %s: %w", key, err)
	}
	p := &profile{client: c, key: key, changed: make(chan struct{})}
	go p.follow(ctx)
	return p, nil
}

// follow keeps latest up to date; a watch that breaks is opened again.
func (p *profile) follow(ctx context.Context) {
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

func (p *profile) set(seen *v1alpha1.ControlPlaneProfile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest = *seen
	close(p.changed)
	p.changed = make(chan struct{})
}

// now is the profile as last seen, and a channel that closes when it changes.
func (p *profile) now() (v1alpha1.ControlPlaneProfile, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *p.latest.DeepCopy(), p.changed
}

// await waits until the profile is as wanted; what says what that is.
func (p *profile) await(ctx context.Context, limit time.Duration, what string, wanted func(v1alpha1.ControlPlaneProfile) bool) (v1alpha1.ControlPlaneProfile, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		seen, changed := p.now()
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

// patch changes the profile's spec.
func (p *profile) patch(ctx context.Context, change func(*v1alpha1.ControlPlaneProfile)) error {
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

// offender finds a user's entry in the status.
func offender(seen v1alpha1.ControlPlaneProfile, user string) (v1alpha1.OffenderStatus, bool) {
	i := slices.IndexFunc(seen.Status.Offenders, func(o v1alpha1.OffenderStatus) bool {
		return strings.HasPrefix(o.Client, user+" ")
	})
	if i < 0 {
		return v1alpha1.OffenderStatus{}, false
	}
	return seen.Status.Offenders[i], true
}

// decided is when a step about a user was first decided after a time.
func decided(seen v1alpha1.ControlPlaneProfile, after time.Time, reason, user string) (time.Time, bool) {
	var first time.Time
	for _, d := range seen.Status.Decisions {
		if d.Reason == reason && strings.Contains(d.Message, user+" ") && d.Time.After(after) && (first.IsZero() || d.Time.Time.Before(first)) {
			first = d.Time.Time
		}
	}
	return first, !first.IsZero()
}

// delete deletes the profile and waits until its finalizer has let it go.
func (p *profile) delete(ctx context.Context, limit time.Duration) error {
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
