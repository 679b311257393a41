// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"

	"evenkeel.dev/evenkeel/bench/testbed/node/expand"
)

// Mounter makes the volumes of a node's pods.
type Mounter struct {
	// Dir holds a folder for each pod.
	Dir     string
	Objects Objects
	// Config is how pods reach the API server; only its address, server name and
	// authority are used.
	Config *rest.Config
	Clock  clock.PassiveClock

	tokens tokens
}

// Volumes are a pod's real folders, by volume.
type Volumes map[string]string

// SetUp makes all volumes of a pod, or brings those that are there up to date.
func (m *Mounter) SetUp(ctx context.Context, facts expand.Facts) (Volumes, error) {
	made := Volumes{}
	for i := range facts.Pod.Spec.Volumes {
		v := &facts.Pod.Spec.Volumes[i]
		path, err := m.make(ctx, facts, v)
		if err != nil {
			return nil, fmt.Errorf("MountVolume.SetUp failed for volume %q: %w", v.Name, err)
		}
		made[v.Name] = path
	}
	return made, nil
}

// Refresh brings the content of a pod's volumes up to date. A volume whose source
// is gone keeps what it has.
func (m *Mounter) Refresh(ctx context.Context, facts expand.Facts) error {
	var failed []error
	for i := range facts.Pod.Spec.Volumes {
		v := &facts.Pod.Spec.Volumes[i]
		if v.Secret == nil && v.ConfigMap == nil && v.DownwardAPI == nil && v.Projected == nil {
			continue
		}
		if _, err := m.make(ctx, facts, v); err != nil {
			failed = append(failed, fmt.Errorf("refreshing volume %q: %w", v.Name, err))
		}
	}
	return errors.Join(failed...)
}

// TearDown removes a pod's own folders; what claims and the host own stays.
func (m *Mounter) TearDown(uid types.UID) error {
	m.tokens.mu.Lock()
	for key := range m.tokens.held {
		if strings.HasPrefix(key, string(uid)+"/") {
			delete(m.tokens.held, key)
		}
	}
	m.tokens.mu.Unlock()
	if err := os.RemoveAll(m.Pod(uid)); err != nil {
		return fmt.Errorf("removing the folders of pod %s: %w", uid, err)
	}
	return nil
}

// Pod is the pod's own folder.
func (m *Mounter) Pod(uid types.UID) string { return filepath.Join(m.Dir, filepath.Base(string(uid))) }

// Kubeconfig is the file that stands for the in-cluster configuration, if one of
// the mounts is of a volume with a token for the API server.
func (v Volumes) Kubeconfig(pod *corev1.Pod, mounts []corev1.VolumeMount) (string, bool) {
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		mounted := slices.ContainsFunc(mounts, func(m corev1.VolumeMount) bool { return m.Name == volume.Name })
		if mounted && volume.Projected != nil && slices.ContainsFunc(volume.Projected.Sources, isIdentity) {
			return filepath.Join(v[volume.Name], kubeconfigName), true
		}
	}
	return "", false
}

func isIdentity(s corev1.VolumeProjection) bool {
	return s.ServiceAccountToken != nil && s.ServiceAccountToken.Audience == ""
}

func (m *Mounter) folder(uid types.UID, volume string) string {
	return filepath.Join(m.Pod(uid), "volumes", filepath.Base(volume))
}

func (m *Mounter) make(ctx context.Context, facts expand.Facts, v *corev1.Volume) (string, error) {
	switch {
	case v.EmptyDir != nil:
		path := m.folder(facts.Pod.UID, v.Name)
		return path, folder(path)
	case v.HostPath != nil:
		return v.HostPath.Path, hostPath(v)
	case v.PersistentVolumeClaim != nil:
		return m.Objects.claimed(ctx, facts.Pod.Namespace, v.PersistentVolumeClaim.ClaimName)
	}
	files, err := m.content(ctx, facts, v)
	if err != nil {
		return "", err
	}
	path := m.folder(facts.Pod.UID, v.Name)
	return path, Write(path, files)
}

func (m *Mounter) content(ctx context.Context, facts expand.Facts, v *corev1.Volume) (map[string]File, error) {
	p := &payload{m: m, facts: facts, files: map[string]File{}, mode: fs.FileMode(defaultMode)}
	var err error
	switch {
	case v.Secret != nil:
		p.mode = modeOr(v.Secret.DefaultMode, p.mode)
		err = p.secret(ctx, v.Secret.SecretName, v.Secret.Items, v.Secret.Optional)
	case v.ConfigMap != nil:
		p.mode = modeOr(v.ConfigMap.DefaultMode, p.mode)
		err = p.configMap(ctx, v.ConfigMap.Name, v.ConfigMap.Items, v.ConfigMap.Optional)
	case v.DownwardAPI != nil:
		p.mode = modeOr(v.DownwardAPI.DefaultMode, p.mode)
		err = p.downward(v.DownwardAPI.Items)
	case v.Projected != nil:
		p.mode = modeOr(v.Projected.DefaultMode, p.mode)
		err = p.projected(ctx, v.Name, v.Projected.Sources)
	default:
		err = errors.New("its kind is not known to a node of the testbed")
	}
	return p.files, err
}

func folder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	return nil
}

func hostPath(v *corev1.Volume) error {
	if t := v.HostPath.Type; t != nil && *t == corev1.HostPathDirectoryOrCreate {
		return folder(v.HostPath.Path)
	}
	if t := v.HostPath.Type; t == nil || *t == corev1.HostPathUnset {
		return nil // nothing is checked then
	}
	return exists(v.Name, v.HostPath.Path)
}
