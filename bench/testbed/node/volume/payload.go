// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	corev1 "k8s.io/api/core/v1"

	"evenkeel.dev/evenkeel/bench/testbed/node/expand"
)

// defaultMode is the API's for content.
const defaultMode = 0o644

// payload collects the files of one volume.
type payload struct {
	m     *Mounter
	facts expand.Facts
	files map[string]File
	mode  fs.FileMode
}

func (p *payload) namespace() string { return p.facts.Pod.Namespace }

func (p *payload) secret(ctx context.Context, name string, items []corev1.KeyToPath, optional *bool) error {
	data, found, err := p.m.Objects.Secret(ctx, p.namespace(), name)
	return p.take("secret", name, data, found, err, items, optional)
}

func (p *payload) configMap(ctx context.Context, name string, items []corev1.KeyToPath, optional *bool) error {
	data, found, err := p.m.Objects.ConfigMap(ctx, p.namespace(), name)
	return p.take("configmap", name, data, found, err, items, optional)
}

// take adds all keys, or the items alone. What is missing is said in a kubelet's
// words.
func (p *payload) take(kind, name string, data map[string]string, found bool, err error, items []corev1.KeyToPath, optional *bool) error {
	may := optional != nil && *optional
	switch {
	case err != nil:
		return err
	case !found && !may:
		return fmt.Errorf("%s %q not found", kind, name)
	}
	if len(items) == 0 {
		for key, value := range data {
			p.files[key] = File{Data: []byte(value), Mode: p.mode}
		}
		return nil
	}
	for _, item := range items {
		value, there := data[item.Key]
		if !there && !may {
			return fmt.Errorf("%s %q references non-existent key: %s", kind, name, item.Key)
		}
		if there {
			p.files[item.Path] = File{Data: []byte(value), Mode: modeOr(item.Mode, p.mode)}
		}
	}
	return nil
}

func (p *payload) downward(items []corev1.DownwardAPIVolumeFile) error {
	for _, item := range items {
		var value string
		var err error
		switch {
		case item.FieldRef != nil:
			value, err = p.facts.Field(item.FieldRef.FieldPath)
		case item.ResourceFieldRef != nil:
			value, err = p.facts.Resource(item.ResourceFieldRef.ContainerName, item.ResourceFieldRef)
		}
		if err != nil {
			return fmt.Errorf("file %s: %w", item.Path, err)
		}
		p.files[item.Path] = File{Data: []byte(value), Mode: modeOr(item.Mode, p.mode)}
	}
	return nil
}

func (p *payload) projected(ctx context.Context, volume string, sources []corev1.VolumeProjection) error {
	for i := range sources {
		s := &sources[i]
		var err error
		switch {
		case s.Secret != nil:
			err = p.secret(ctx, s.Secret.Name, s.Secret.Items, s.Secret.Optional)
		case s.ConfigMap != nil:
			err = p.configMap(ctx, s.ConfigMap.Name, s.ConfigMap.Items, s.ConfigMap.Optional)
		case s.DownwardAPI != nil:
			err = p.downward(s.DownwardAPI.Items)
		case s.ServiceAccountToken != nil:
			err = p.token(ctx, volume, s.ServiceAccountToken)
		default:
			err = errors.New("a projected source is not known to a node of the testbed")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func modeOr(mode *int32, otherwise fs.FileMode) fs.FileMode {
	if mode == nil {
		return otherwise
	}
	return fs.FileMode(*mode).Perm() //nolint:gosec // permission bits, validated by the API
}

func exists(volume, path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("MountVolume.NewMounter initialization failed for volume %q: path %q does not exist", volume, path)
	}
	return nil
}
