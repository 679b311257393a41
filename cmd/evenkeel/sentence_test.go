// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/controller"
)

// A sentence is written into the profile, replaced, and taken out, by the commands
// as they are typed and against a real apiserver.
func TestSentenceAndRelease(t *testing.T) {
	host, kubeconfig := profileHost(t)
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		c := newSentence()
		if args[0] == "release" {
			c = newRelease()
		}
		c.SetOut(&out)
		c.SetErr(&out)
		c.SetArgs(append(args[1:], "--kubeconfig", kubeconfig, "-n", "default"))
		err := c.ExecuteContext(t.Context())
		return out.String(), err
	}
	key := client.ObjectKey{Namespace: "default", Name: "acme"}
	sentences := func() []v1alpha1.ManualSentence {
		var cpp v1alpha1.ControlPlaneProfile
		if err := host.Get(t.Context(), key, &cpp); err != nil {
			t.Fatal(err)
		}
		return cpp.Spec.Protection.Sentences
	}

	said, err := run("sentence", "acme", "--service-account", "ci/*", "--verb", "watch,list", "--resource", "pods", "--for", "1h", "--reason", "ticket 7")
	if err != nil || !strings.Contains(said, "the group of service accounts of namespace ci (list/watch pods, cluster-wide)") || !strings.Contains(said, "Recommend") {
		t.Fatalf("said %q, error %v", said, err)
	}
	name, _, _ := strings.Cut(said, ":")
	if got := sentences(); len(got) != 1 || got[0].Reason != "ticket 7" || got[0].Grade != "one" || got[0].Until == nil || controller.ManualClient(got[0]).SentenceName() != name {
		t.Fatalf("the profile has %+v, want the sentence %s", got, name)
	}
	if _, err = run("sentence", "acme", "--service-account", "ci/*", "--verb", "list,watch", "--resource", "pods", "--grade", "seats", "--seats", "2", "--reason", "milder"); err != nil {
		t.Fatal(err)
	}
	if got := sentences(); len(got) != 1 || got[0].Grade != "seats" || got[0].Until != nil {
		t.Fatalf("the profile has %+v, want the milder sentence in the place of the first", got)
	}
	if _, err = run("sentence", "acme", "--user", "system:node:n1", "--verb", "list", "--resource", "pods", "--reason", "x"); err == nil || !strings.Contains(err.Error(), "cannot be jailed") {
		t.Errorf("a node: %v, want it refused with the reason", err)
	}
	if _, err = run("release", "acme", "evenkeel-jail-000000000000"); err == nil || !strings.Contains(err.Error(), "delete the flow schema") {
		t.Errorf("a release of what is not there: %v", err)
	}
	if said, err = run("release", "acme", name); err != nil || len(sentences()) != 0 {
		t.Errorf("said %q, error %v, and the profile has %+v", said, err, sentences())
	}

	_, err = edit(t.Context(), host, key, func(all []v1alpha1.ManualSentence) ([]v1alpha1.ManualSentence, error) {
		if _, err := run("sentence", "acme", "--user", "jane", "--verb", "list", "--resource", "pods", "--reason", "meanwhile"); err != nil {
			t.Fatal(err)
		}
		return append(all, v1alpha1.ManualSentence{User: "joe", Verbs: []string{"get"}, Resource: "pods", Reason: "late"}), nil
	})
	if got := sentences(); !apierrors.IsConflict(err) || len(got) != 1 || got[0].User != "jane" {
		t.Errorf("two at once: error %v and %+v, want a conflict and the first alone", err, got)
	}
}

func TestSentencingSaysWhatIsWrong(t *testing.T) {
	for says, s := range map[string]sentencing{
		"either a --user or a --service-account": {},
		"is not NAMESPACE/NAME":                  {serviceAccount: "ci"},
		"lies in the past":                       {serviceAccount: "ci/runner", lasts: -time.Hour},
	} {
		if _, err := s.build(time.Now()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: error %v, want %q", s, err, says)
		}
	}
}

// profileHost is a real apiserver with a profile, and an administrator's kubeconfig.
func profileHost(t *testing.T) (client.Client, string) {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")
	}
	env := &envtest.Environment{CRDDirectoryPaths: []string{filepath.Join(manifests, "crd")}, ErrorIfCRDPathMissing: true}
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	s, err := newScheme()
	if err != nil {
		t.Fatal(err)
	}
	host, err := client.New(config, client.Options{Scheme: s})
	if err != nil {
		t.Fatal(err)
	}
	cpp := &v1alpha1.ControlPlaneProfile{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "acme"}}
	cpp.Spec.APIServer.TargetRef = v1alpha1.TargetRef{Kind: "Deployment", Name: "kube-apiserver"}
	cpp.Spec.Access.KubeconfigSecretRef.Name = "evenkeel"
	if err := host.Create(t.Context(), cpp); err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, env.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	return host, kubeconfig
}
