// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package hosttest

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Kinds are what a package's tests need a server for: how kinds are added to a scheme, and
// where their CRDs are.
type Kinds struct {
	Add  []func(*runtime.Scheme) error
	CRDs []string
}

// MainWith is the TestMain of a package that uses a server which knows some kinds, by a
// client that it fills in.
func MainWith(m *testing.M, to *client.Client, kinds func() (Kinds, error)) {
	log.SetLogger(logr.Discard())
	code, err := run(m.Run, to, kinds)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(tests func() int, to *client.Client, kinds func() (Kinds, error)) (int, error) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		return 1, errNoAssets
	}
	k, err := kinds()
	if err != nil {
		return 1, err
	}
	s := runtime.NewScheme()
	for _, add := range k.Add {
		if err := add(s); err != nil {
			return 1, err
		}
	}
	env := &envtest.Environment{CRDDirectoryPaths: k.CRDs, ErrorIfCRDPathMissing: true}
	config, err := env.Start()
	if err != nil {
		return 1, err
	}
	if *to, err = client.New(config, client.Options{Scheme: s}); err != nil {
		return 1, errors.Join(err, env.Stop())
	}
	shared.once.Do(func() { shared.config = config }) // New makes namespaces in this one
	code := tests()
	return code, env.Stop()
}
