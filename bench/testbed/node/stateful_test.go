// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (b *bed) stateful(ctx context.Context, t *testing.T) {
	t.Helper()
	b.createVolumes(ctx, t)
	spec := template("db")
	spec.Annotations = map[string]string{"testbed.evenkeel.dev/address-pool": "127.96.200.0/28"}
	c := &spec.Spec.Containers[0]
	c.VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/var/lib/db"}, {Name: "config", MountPath: "/etc/db"}}
	c.Env = append(c.Env, corev1.EnvVar{Name: "DATA", Value: "/var/lib/db"}, corev1.EnvVar{Name: "FILE", Value: "/etc/db/greeting"})
	spec.Spec.Volumes = []corev1.Volume{{Name: "config", VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: "db", Items: []corev1.KeyToPath{{Key: "hello", Path: "greeting"}}},
	}}}
	_, err := b.client.AppsV1().StatefulSets("default").Create(ctx, &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "db"},
		Spec: appsv1.StatefulSetSpec{
			Replicas: new(int32(2)), PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "db"}}, Template: spec,
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "data"},
				Spec: corev1.PersistentVolumeClaimSpec{
					AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: new("local"),
					Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
				},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b.awaitCreating(ctx, t, "db-0")
	_, err = b.client.CoreV1().Secrets("default").Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "db"}, StringData: map[string]string{"hello": "good day"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range b.awaitReady(ctx, t, "db", 2) {
		if want := "127.96.200.1" + p.Labels["apps.kubernetes.io/pod-index"]; p.Status.PodIP != want {
			t.Errorf("pod %s has address %s, want %s", p.Name, p.Status.PodIP, want)
		}
		if got := ask(ctx, t, &p, "/file"); got != "good day" {
			t.Errorf("pod %s reads %q from its Secret", p.Name, got)
		}
		zone := strings.TrimPrefix(p.Spec.NodeName, "node-")
		wantFile(t, filepath.Join(b.dir, "volume-"+zone, "pid"), ask(ctx, t, &p, "/pid"))
	}
}

// awaitCreating waits until a pod says that its volume cannot be made.
func (b *bed) awaitCreating(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	await(ctx, t, 30*time.Second, name+" to wait for its Secret", func(ctx context.Context) error {
		p, err := b.client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if s := p.Status.ContainerStatuses; len(s) != 1 || s[0].State.Waiting == nil || s[0].State.Waiting.Reason != "ContainerCreating" {
			return fmt.Errorf("container statuses %+v", s)
		}
		events, err := b.client.CoreV1().Events("default").List(ctx, metav1.ListOptions{FieldSelector: "reason=FailedMount"})
		if err != nil {
			return err
		}
		for _, e := range events.Items {
			if strings.Contains(e.Message, `secret "db" not found`) {
				return nil
			}
		}
		return fmt.Errorf("no event tells what is missing: %+v", events.Items)
	})
}

func (b *bed) createVolumes(ctx context.Context, t *testing.T) {
	t.Helper()
	_, err := b.client.StorageV1().StorageClasses().Create(ctx, &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: "local"}, Provisioner: "kubernetes.io/no-provisioner",
		VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for zone := range b.nodes {
		path := filepath.Join(b.dir, "volume-"+zone)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := b.client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: "volume-" + zone},
			Spec: corev1.PersistentVolumeSpec{
				Capacity:    corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
				AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: "local",
				PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
				PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}},
				NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
					MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{zone}}},
				}}}},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
}
