// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

const manifests = "../../manifests"

// host is the host cluster that the tests of this package share: a real
// kube-apiserver with Evenkeel's kinds and the rights of manifests/rbac. Each test
// has a namespace of its own there.
var host struct {
	scheme *runtime.Scheme
	config *rest.Config
	admin  client.Client
	// operator is who the operator is: its service account, and no administrator.
	operator *rest.Config
	// kubeconfig is a good one, of user evenkeel; adminKubeconfig an administrator's.
	kubeconfig, adminKubeconfig []byte
}

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	env := &envtest.Environment{ErrorIfCRDPathMissing: true}
	// Some host clusters ask for a right of their own before an owner is named.
	env.ControlPlane.GetAPIServer().Configure().Append("enable-admission-plugins", "OwnerReferencesPermissionEnforcement")
	if err := startHost(env); err != nil {
		fmt.Fprintln(os.Stderr, "starting the host cluster:", errors.Join(err, env.Stop()))
		os.Exit(1)
	}
	code := m.Run()
	if err := env.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the host cluster:", err)
		code = 1
	}
	os.Exit(code)
}

func startHost(env *envtest.Environment) error {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		return errors.New("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")
	}
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/autoscaler/vertical-pod-autoscaler").Output() //nolint:noctx // before any test
	if err != nil {
		return fmt.Errorf("finding the CRDs of VerticalPodAutoscalers: %w", err)
	}
	env.CRDDirectoryPaths = []string{filepath.Join(manifests, "crd"), filepath.Join(strings.TrimSpace(string(module)), "deploy", "vpa-v1-crd-gen.yaml")}
	config, err := env.Start()
	if err != nil {
		return err
	}
	host.config, host.scheme = config, runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(host.scheme), v1alpha1.AddToScheme(host.scheme), vpav1.AddToScheme(host.scheme)); err != nil {
		return err
	}
	if host.admin, err = client.New(config, client.Options{Scheme: host.scheme}); err != nil {
		return err
	}
	for _, file := range []string{"operator/namespace.yaml", "rbac/operator.yaml"} {
		if err := apply(context.Background(), host.admin, file); err != nil {
			return err
		}
	}
	account, err := env.AddUser(envtest.User{
		Name:   "system:serviceaccount:evenkeel-system:evenkeel",
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:evenkeel-system", "system:authenticated"},
	}, nil)
	if err != nil {
		return err
	}
	host.operator = account.Config()
	evenkeel, err := env.AddUser(envtest.User{Name: "evenkeel"}, nil)
	if err != nil {
		return err
	}
	if host.kubeconfig, err = evenkeel.KubeConfig(); err != nil {
		return err
	}
	masters, err := env.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		return err
	}
	host.adminKubeconfig, err = masters.KubeConfig()
	return err
}

// apply creates what a file of manifests/ holds; replacements are pairs of texts.
func apply(ctx context.Context, c client.Client, file string, replacements ...string) error {
	raw, err := os.ReadFile(filepath.Join(manifests, file))
	if err != nil {
		return err
	}
	text := strings.NewReplacer(replacements...).Replace(string(raw))
	for d := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096); ; {
		o := &unstructured.Unstructured{}
		if err := d.Decode(&o.Object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		if err := c.Create(ctx, o); err != nil {
			return fmt.Errorf("creating %s %s of %s: %w", o.GetKind(), o.GetName(), file, err)
		}
	}
}
