// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package servers builds the binaries that the testbed runs: the upstream servers
// from their pinned modules under bench/testbed/upstream, and Evenkeel itself.
//
// A build is stamped with what it was made from, so that a second run starts at
// once. Binaries that a person already has are used instead, where their folder
// is named.
package servers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// kubernetesVersion is the release of the upstream module; the linker is told,
// because a module build knows no version of its own.
const kubernetesVersion = "v1.36.3"

// versionWithin bounds a binary's --version.
const versionWithin = 20 * time.Second

// Binaries are the paths of what the testbed runs; empty for what was not asked
// for.
type Binaries struct {
	KubeAPIServer, KubeControllerManager, KubeScheduler, Kubectl string
	Etcd, MetricsServer, Evenkeel                                string
}

// Options say what is wanted.
type Options struct {
	// Root is the checkout, Cache the folder for what is built.
	Root, Cache string
	// Assets is a folder with binaries of a person's own; a binary of the right
	// name in it is used instead of building one.
	Assets string
	// MetricsServer and Evenkeel ask for these too.
	MetricsServer, Evenkeel bool
	// Progress is told a line now and then.
	Progress func(line string)
}

// multicall are the names under which the kubernetes binary is started.
var multicall = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"}

// Ensure makes sure that the binaries exist and returns where they are.
func Ensure(ctx context.Context, o Options) (Binaries, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if err := os.MkdirAll(o.Cache, 0o755); err != nil { //nolint:gosec // binaries are for everybody to run
		return Binaries{}, fmt.Errorf("making the folder for binaries: %w", err)
	}
	e := &ensurer{Options: o, found: map[string]string{}}
	var missing bool
	for _, name := range append([]string{"etcd"}, multicall...) {
		own, err := e.own(ctx, name)
		if err != nil {
			return Binaries{}, err
		}
		missing = missing || own == "" && name != "etcd"
	}
	var builds []build
	if missing {
		builds = append(builds, kubernetesBuild)
	}
	if e.found["etcd"] == "" {
		builds = append(builds, etcdBuild)
	}
	if o.MetricsServer {
		builds = append(builds, metricsServerBuild)
	}
	if o.Evenkeel {
		builds = append(builds, evenkeelBuild)
	}
	for _, b := range builds { // one at a time: each fills the machine
		if err := e.build(ctx, b); err != nil {
			return Binaries{}, err
		}
	}
	if missing {
		if err := e.link(); err != nil {
			return Binaries{}, err
		}
	}
	return e.binaries(), nil
}

type ensurer struct {
	Options
	// found are the paths of a person's own binaries, by name.
	found map[string]string
}

// own looks for a person's own binary and makes sure that it runs.
func (e *ensurer) own(ctx context.Context, name string) (string, error) {
	if e.Assets == "" || sameFolder(e.Assets, e.Cache) {
		return "", nil
	}
	path := filepath.Join(e.Assets, name)
	if _, err := os.Stat(path); err != nil {
		return "", nil
	}
	argument := "--version"
	args := []string{argument}
	if name == "kubectl" {
		args = []string{"version", "--client"}
	}
	ctx, cancel := context.WithTimeout(ctx, versionWithin)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).Output() //nolint:gosec // the person named the folder
	if err != nil {
		return "", fmt.Errorf("%s in %s does not run (%s: %w): replace it, or leave the folder out to have one built", name, e.Assets, strings.Join(args, " "), err)
	}
	version, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	e.Progress(fmt.Sprintf("using your own %s: %s", name, version))
	e.found[name] = path
	return path, nil
}

func sameFolder(a, b string) bool {
	one, e1 := os.Stat(a)
	two, e2 := os.Stat(b)
	return e1 == nil && e2 == nil && os.SameFile(one, two)
}

// link gives the kubernetes binary the names under which it is started.
func (e *ensurer) link() error {
	for _, name := range multicall {
		path := filepath.Join(e.Cache, name)
		if target, err := os.Readlink(path); err == nil && target == kubernetesBuild.name {
			continue
		}
		_ = os.Remove(path)
		if err := os.Symlink(kubernetesBuild.name, path); err != nil {
			return fmt.Errorf("naming %s: %w", name, err)
		}
	}
	return nil
}

func (e *ensurer) binaries() Binaries {
	at := func(name string) string {
		if own := e.found[name]; own != "" {
			return own
		}
		return filepath.Join(e.Cache, name)
	}
	b := Binaries{
		KubeAPIServer: at("kube-apiserver"), KubeControllerManager: at("kube-controller-manager"),
		KubeScheduler: at("kube-scheduler"), Kubectl: at("kubectl"), Etcd: at("etcd"),
	}
	if e.MetricsServer {
		b.MetricsServer = at("metrics-server")
	}
	if e.Evenkeel {
		b.Evenkeel = at("evenkeel")
	}
	return b
}
