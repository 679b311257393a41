// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package volume_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/clientcmd"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/bench/testbed/node/expand"
	"evenkeel.dev/evenkeel/bench/testbed/node/volume"
)

// read is what a reader sees of a volume, by file.
func read(dir string) (map[string]string, error) {
	seen := map[string]string{}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "..") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if info, err := os.Stat(path); err == nil && info.IsDir() { // through the links
			below, err := read(path)
			if err != nil {
				return nil, err
			}
			for name, text := range below {
				seen[e.Name()+"/"+name] = text
			}
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		seen[e.Name()] = string(raw)
	}
	return seen, err
}

// TestWriteShowsExactlyTheLatest writes one content after another: a reader sees
// the latest, all of it and nothing else, and nothing old is kept.
func TestWriteShowsExactlyTheLatest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "volume") //nolint:usetesting // one for each of many checks
		if err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 4).Draw(rt, "times") {
			want := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "tls.crt", "sub/c", "sub/d"}), rapid.SampledFrom([]string{"", "x", "y"})).Draw(rt, "content")
			files := map[string]volume.File{}
			for name, text := range want {
				files[name] = volume.File{Data: []byte(text), Mode: 0o644}
			}
			if err := volume.Write(dir, files); err != nil {
				rt.Fatal(err)
			}
			got, err := read(dir)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				rt.Fatalf("%v\n%s", err, diff)
			}
		}
		kept, err := filepath.Glob(filepath.Join(dir, "..*"))
		if err != nil || len(kept) != 2 { // ..data and what it points to
			rt.Errorf("the volume keeps %v, %v", kept, err)
		}
	})
}

func TestWriteRefusesPathsThatLeaveTheVolume(t *testing.T) {
	for _, name := range []string{"../x", "/etc/passwd", "a/../../x", "..data"} {
		err := volume.Write(t.TempDir(), map[string]volume.File{name: {}})
		if err == nil || !strings.Contains(err.Error(), "is not a path inside it") {
			t.Errorf("Write(%q) = %v", name, err)
		}
	}
}

func TestWriteSetsModes(t *testing.T) {
	dir := t.TempDir()
	if err := volume.Write(dir, map[string]volume.File{"key": {Data: []byte("k"), Mode: 0o400}}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "key"))
	if err != nil || info.Mode().Perm() != 0o400 {
		t.Errorf("mode %v, %v, want 0400", info.Mode(), err)
	}
}

// fixture is a mounter with some objects behind it.
type fixture struct {
	*volume.Mounter
	clock    *clocktesting.FakeClock
	requests []authenticationv1.TokenRequest
}

func newFixture(t *testing.T, objects ...runtime.Object) *fixture {
	t.Helper()
	client := fake.NewClientset(objects...)
	f := &fixture{clock: clocktesting.NewFakeClock(time.Unix(1000, 0))}
	client.PrependReactor("create", "serviceaccounts", func(action clienttesting.Action) (bool, runtime.Object, error) {
		request := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenRequest).DeepCopy()
		f.requests = append(f.requests, *request)
		request.Status.Token = fmt.Sprintf("token-%d", len(f.requests))
		request.Status.ExpirationTimestamp = metav1.NewTime(f.clock.Now().Add(time.Duration(*request.Spec.ExpirationSeconds) * time.Second))
		return true, request, nil
	})
	f.Mounter = &volume.Mounter{
		Dir: t.TempDir(), Objects: volume.Objects{Client: client}, Clock: f.clock,
		Config: &rest.Config{Host: "https://127.0.0.1:6443", TLSClientConfig: rest.TLSClientConfig{CAData: []byte("authority"), ServerName: "kubernetes"}},
	}
	return f
}

func podWith(sources ...corev1.VolumeSource) expand.Facts {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns", UID: "u"}, Spec: corev1.PodSpec{ServiceAccountName: "sa"}}
	for i, s := range sources {
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: fmt.Sprintf("v%d", i), VolumeSource: s})
	}
	return expand.Facts{Pod: pod, PodIP: "127.1.0.9"}
}

var (
	secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: "ns"}, Data: map[string][]byte{"tls.crt": []byte("crt"), "tls.key": []byte("key")}}
	root   = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kube-root-ca.crt", Namespace: "ns"}, Data: map[string]string{"ca.crt": "authority"}}
)

func TestSetUpAndRefresh(t *testing.T) {
	f := newFixture(t, secret.DeepCopy(), root)
	facts := podWith(
		corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s", Items: []corev1.KeyToPath{{Key: "tls.crt", Path: "pki/ca.crt"}}}},
		corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "none"}, Optional: new(true)}},
		corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}},
		corev1.VolumeSource{DownwardAPI: &corev1.DownwardAPIVolumeSource{Items: []corev1.DownwardAPIVolumeFile{
			{Path: "ip", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}},
		}}},
	)
	volumes, err := f.SetUp(t.Context(), facts)
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{{"pki/ca.crt": "crt"}, {}, {}, {"ip": "127.1.0.9"}}
	for i := range want {
		got, err := read(volumes[fmt.Sprintf("v%d", i)])
		if diff := cmp.Diff(want[i], got); diff != "" || err != nil {
			t.Errorf("volume %d: %v\n%s", i, err, diff)
		}
	}
	renewed := secret.DeepCopy()
	renewed.Data["tls.crt"] = []byte("renewed")
	if _, err := f.Objects.Client.CoreV1().Secrets("ns").Update(t.Context(), renewed, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := f.Refresh(t.Context(), facts); err != nil {
		t.Fatal(err)
	}
	if got, err := read(volumes["v0"]); got["pki/ca.crt"] != "renewed" || err != nil {
		t.Errorf("after the refresh there is %v, %v", got, err)
	}
	if err := f.TearDown("u"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(f.Pod("u")); !os.IsNotExist(err) {
		t.Errorf("the pod's folder is left: %v", err)
	}
}

func TestSetUpSaysWhatIsMissing(t *testing.T) {
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "c", Namespace: "ns"}}
	bound := claim.DeepCopy()
	bound.Name, bound.Spec.VolumeName, bound.Status.Phase = "bound", "pv", corev1.ClaimBound
	pv := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv"}, Spec: corev1.PersistentVolumeSpec{
		PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/no/such/folder"}},
	}}
	claimed := func(name string) corev1.VolumeSource {
		return corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name}}
	}
	for want, source := range map[string]corev1.VolumeSource{
		`secret "none" not found`:                   {Secret: &corev1.SecretVolumeSource{SecretName: "none"}},
		`secret "s" references non-existent key: x`: {Secret: &corev1.SecretVolumeSource{SecretName: "s", Items: []corev1.KeyToPath{{Key: "x", Path: "x"}}}},
		`PersistentVolumeClaim ns/c is not bound`:   claimed("c"),
		`MountVolume.NewMounter initialization failed for volume "pv": path "/no/such/folder" does not exist`: claimed("bound"),
		`its kind is not known to a node of the testbed`:                                                      {NFS: &corev1.NFSVolumeSource{}},
	} {
		_, err := newFixture(t, secret, claim, bound, pv).SetUp(t.Context(), podWith(source))
		if full := `MountVolume.SetUp failed for volume "v0": ` + want; err == nil || err.Error() != full {
			t.Errorf("SetUp = %v, want %s", err, full)
		}
	}
}

func TestTokenIsRenewedInTime(t *testing.T) {
	f := newFixture(t, root)
	facts := podWith(corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: new(int64(1000))}},
		{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"}}},
		{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
			{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}},
		}}},
	}}})
	volumes, err := f.SetUp(t.Context(), facts)
	if err != nil {
		t.Fatal(err)
	}
	dir := volumes["v0"]
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "token-1"}, {799 * time.Second, "token-1"}, {2 * time.Second, "token-2"}} {
		f.clock.Step(c.after)
		if err := f.Refresh(t.Context(), facts); err != nil {
			t.Fatal(err)
		}
		seen, err := read(dir)
		if seen["token"] != c.want || seen["namespace"] != "ns" || seen["ca.crt"] != "authority" || err != nil {
			t.Errorf("after %s more: %v, %v, want %s", c.after, seen, err, c.want)
		}
	}
	if object := f.requests[0].Spec.BoundObjectRef; object == nil || object.UID != "u" || object.Kind != "Pod" {
		t.Errorf("the token is bound to %+v, want the pod", object)
	}
	wantKubeconfig(t, volumes, facts.Pod)
}

func wantKubeconfig(t *testing.T, volumes volume.Volumes, pod *corev1.Pod) {
	t.Helper()
	path, ok := volumes.Kubeconfig(pod, []corev1.VolumeMount{{Name: "v0"}})
	if !ok {
		t.Fatal("there is no kubeconfig")
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != "https://127.0.0.1:6443" || config.ServerName != "kubernetes" || string(config.CAData) != "authority" || config.BearerTokenFile != filepath.Join(volumes["v0"], "token") {
		t.Errorf("the kubeconfig says %s, %s, %s, %s", config.Host, config.ServerName, config.CAData, config.BearerTokenFile)
	}
	if _, ok := volumes.Kubeconfig(pod, []corev1.VolumeMount{{Name: "other"}}); ok {
		t.Error("a container without the token has a kubeconfig")
	}
}

func TestObjectsTellErrorsFromAbsence(t *testing.T) {
	client := fake.NewClientset()
	client.PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, context.DeadlineExceeded
	})
	_, _, err := volume.Objects{Client: client}.Secret(t.Context(), "ns", "s")
	if err == nil || err.Error() != "reading Secret ns/s: context deadline exceeded" {
		t.Errorf("Secret = %v", err)
	}
	_, found, err := volume.Objects{Client: client}.ConfigMap(t.Context(), "ns", "m")
	if found || err != nil {
		t.Errorf("ConfigMap = %t, %v, want it absent", found, err)
	}
}
