// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Objects reads ConfigMaps and Secrets by name, which is all a node may do.
type Objects struct{ Client kubernetes.Interface }

// ConfigMap is a ConfigMap's data, text and binary.
func (o Objects) ConfigMap(ctx context.Context, namespace, name string) (map[string]string, bool, error) {
	object, err := o.Client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("reading ConfigMap %s/%s: %w", namespace, name, err)
	}
	data := map[string]string{}
	for key, value := range object.BinaryData {
		data[key] = string(value)
	}
	maps.Copy(data, object.Data)
	return data, true, nil
}

// Secret is a Secret's data.
func (o Objects) Secret(ctx context.Context, namespace, name string) (map[string]string, bool, error) {
	object, err := o.Client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("reading Secret %s/%s: %w", namespace, name, err)
	}
	data := map[string]string{}
	for key, value := range object.Data {
		data[key] = string(value)
	}
	return data, true, nil
}

// claimed is the real folder behind a claim: that of the local volume, or the
// host's folder, which it is bound to. It must exist, as for a kubelet: an empty
// folder in place of lost data would do harm.
func (o Objects) claimed(ctx context.Context, namespace, name string) (string, error) {
	claim, err := o.Client.CoreV1().PersistentVolumeClaims(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading PersistentVolumeClaim %s/%s: %w", namespace, name, err)
	}
	if claim.Status.Phase != corev1.ClaimBound || claim.Spec.VolumeName == "" {
		return "", fmt.Errorf("PersistentVolumeClaim %s/%s is not bound", namespace, name)
	}
	volume, err := o.Client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading PersistentVolume %s: %w", claim.Spec.VolumeName, err)
	}
	switch {
	case volume.Spec.Local != nil:
		return volume.Spec.Local.Path, exists(volume.Name, volume.Spec.Local.Path)
	case volume.Spec.HostPath != nil:
		return volume.Spec.HostPath.Path, exists(volume.Name, volume.Spec.HostPath.Path)
	}
	return "", fmt.Errorf("PersistentVolume %s is neither local nor a hostPath, and a node of the testbed knows no others", volume.Name)
}
