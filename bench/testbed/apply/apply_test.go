// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"evenkeel.dev/evenkeel/bench/testbed/apply"
)

const (
	crd = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.dev}
spec:
  group: example.dev
  names: {kind: Boat, plural: boats, singular: boat, listKind: BoatList}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {sails: {type: integer}}}}}}
`
	boat = `
apiVersion: example.dev/v1
kind: Boat
metadata: {namespace: default, name: laser}
spec: {sails: 1}
`
)

func configMap(name, value string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: default, name: %s}\ndata: {key: %s}\n", name, value)
}

func TestApplyToARealAPIServer(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run the tests with `make test`")
	}
	env := &envtest.Environment{}
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Run("documents", func(t *testing.T) { testDocuments(t, config) })
	t.Run("refusals", func(t *testing.T) { testRefusals(t, config) })
	t.Run("files", func(t *testing.T) { testFiles(t, config) })
}

func testDocuments(t *testing.T, config *rest.Config) {
	a, err := apply.New(config, "tester")
	if err != nil {
		t.Fatal(err)
	}
	// The kind of the second document is only known a moment after the first.
	documents := "# only a comment\n---\n" + crd + "---\n" + boat + "---\n" + configMap("one", "first")
	if err := a.Apply(t.Context(), []byte(documents)); err != nil {
		t.Fatal(err)
	}
	if err := a.Apply(t.Context(), []byte(configMap("one", "second"))); err != nil {
		t.Fatal(err)
	}
	c := kubernetes.NewForConfigOrDie(config)
	got, err := c.CoreV1().ConfigMaps("default").Get(t.Context(), "one", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Data["key"] != "second" || len(got.ManagedFields) != 1 || got.ManagedFields[0].Manager != "tester" {
		t.Errorf("applied %v by %+v", got.Data, got.ManagedFields)
	}
	raw, err := c.RESTClient().Get().AbsPath("/apis/example.dev/v1/namespaces/default/boats/laser").DoRaw(t.Context())
	if err != nil || !strings.Contains(string(raw), `"sails":1`) {
		t.Errorf("the boat: %s, %v", raw, err)
	}
}

func testRefusals(t *testing.T, config *rest.Config) {
	for name, c := range map[string]struct{ document, want string }{
		"unknown kind":  {"apiVersion: example.dev/v1\nkind: Ship\nmetadata: {namespace: default, name: x}\n", `applying Ship default/x: the API server does not serve this kind: no matches for kind "Ship"`},
		"unknown field": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: default, name: x}\ndatas: {}\n", "applying ConfigMap default/x: failed to create typed patch object"},
		"no namespace":  {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", "applying ConfigMap x: metadata.namespace is missing"},
		"no name":       {"apiVersion: v1\nkind: Namespace\n", "reading YAML document 1: kind or metadata.name is missing"},
		"no YAML":       {"a: [", "reading YAML document 1: "},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := apply.Bytes(ctx, config, []byte(c.document))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("err = %v, want %q", err, c.want)
			}
		})
	}
}

func testFiles(t *testing.T, config *rest.Config) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("1-namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: marina}\n")
	write("2/map.yaml", strings.Replace(configMap("two", "x"), "default", "marina", 1))
	write("kustomization.yaml", "resources: [1-namespace.yaml]\n")
	write("README.md", "no manifest\n")
	if err := apply.Path(t.Context(), config, dir); err != nil {
		t.Fatal(err)
	}
	maps, err := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("marina").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range maps.Items {
		names = append(names, m.Name)
	}
	if diff := cmp.Diff([]string{"two"}, names); diff != "" {
		t.Error(diff)
	}
	if err := apply.Path(t.Context(), config, filepath.Join(dir, "2", "map.yaml")); err != nil {
		t.Errorf("one file: %v", err)
	}
	write("3/bad.yaml", "kind: [")
	err = apply.Path(t.Context(), config, filepath.Join(dir, "3"))
	if err == nil || !strings.Contains(err.Error(), "3/bad.yaml: reading YAML document 1") {
		t.Errorf("err = %v, want the file's name in it", err)
	}
	if err := apply.Path(t.Context(), config, t.TempDir()); err == nil || !strings.Contains(err.Error(), "there are none") {
		t.Errorf("an empty folder: %v", err)
	}
	if err := apply.Path(t.Context(), config, filepath.Join(dir, "nowhere")); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a missing folder: %v", err)
	}
}
