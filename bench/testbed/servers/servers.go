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
	"maps"
	"os"
	"os/exec"
	"path/filepath"
)

// kubernetesVersion is the release of the upstream module; the linker is told,
// because a module build knows no version of its own.
const kubernetesVersion = "v1.36.3"

// prometheusVersion is the release that the upstream module v0.314.0 is.
const prometheusVersion = "3.14.0"

// Binaries are the paths of what the testbed runs; empty for what was not asked
// for.
type Binaries struct {
	KubeAPIServer, KubeControllerManager, KubeScheduler, Kubectl string
	Etcd, MetricsServer, Evenkeel                                string
	// VPAUpdater and VPAAdmission are upstream's, of VerticalPodAutoscalers.
	VPAUpdater, VPAAdmission string
	// SlowEtcd is etcd with a disk that can be made slow while it runs.
	SlowEtcd string
	// Prometheus is the upstream server, without its pages.
	Prometheus string
}

// Options say what is wanted.
type Options struct {
	// Root is the checkout, Cache the folder for what is built.
	Root, Cache string
	// Assets is a folder with binaries of a person's own; a binary of the right
	// name in it is used instead of building one.
	Assets string
	// MetricsServer, VPA, Evenkeel, SlowEtcd and Prometheus ask for these too; VPA are the
	// updater and the admission-controller.
	MetricsServer, VPA, Evenkeel, SlowEtcd, Prometheus bool
	// Progress is told a line now and then.
	Progress func(line string)
}

// multicall are the names under which the kubernetes binary is started.
var multicall = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"}

// Ensure makes sure that the binaries exist and returns where they are. An error
// says what to do about it: a binary of a person's own that will not do, no go
// command, or a build that fails, with the last lines of what it printed.
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
		if err := e.own(ctx, name); err != nil {
			return Binaries{}, err
		}
		missing = missing || e.found[name] == "" && name != "etcd"
	}
	builds := e.builds(missing)
	if _, err := exec.LookPath("go"); err != nil && len(builds) > 0 {
		return Binaries{}, fmt.Errorf("building %s needs the go command: install Go (https://go.dev/dl) and put it on the PATH: %w", builds[0].name, err)
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
	if o.SlowEtcd {
		if err := e.linkSlowEtcd(); err != nil {
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

// builds are the binaries that are wanted and not a person's own.
func (e *ensurer) builds(kubernetes bool) []build {
	var builds []build
	if kubernetes {
		builds = append(builds, kubernetesBuild)
	}
	if e.found["etcd"] == "" {
		builds = append(builds, etcdBuild)
	}
	if e.SlowEtcd {
		builds = append(builds, slowEtcdBuild)
	}
	if e.MetricsServer {
		builds = append(builds, metricsServerBuild)
	}
	if e.VPA {
		builds = append(builds, vpaUpdaterBuild, vpaAdmissionBuild)
	}
	if e.Prometheus {
		builds = append(builds, prometheusBuild)
	}
	if e.Evenkeel {
		builds = append(builds, evenkeelBuild)
	}
	return builds
}

// link gives the kubernetes binary the names under which it is started.
func (e *ensurer) link() error {
	for _, name := range multicall {
		if err := symlink(kubernetesBuild.name, filepath.Join(e.Cache, name)); err != nil {
			return err
		}
	}
	return nil
}

// slowEtcd is the slow etcd under the name that a container starts it by.
func (e *ensurer) slowEtcd() string { return filepath.Join(e.Cache, "slow", etcdBuild.name) }

func (e *ensurer) linkSlowEtcd() error {
	path := e.slowEtcd()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // binaries are for everybody to run
		return fmt.Errorf("making the folder for the slow etcd: %w", err)
	}
	return symlink(filepath.Join("..", slowEtcdBuild.name), path)
}

// symlink makes path a link to the target.
func symlink(target, path string) error {
	if was, err := os.Readlink(path); err == nil && was == target {
		return nil
	}
	_ = os.Remove(path)
	if err := os.Symlink(target, path); err != nil {
		return fmt.Errorf("naming %s: %w", filepath.Base(path), err)
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
	if e.VPA {
		b.VPAUpdater, b.VPAAdmission = at(vpaUpdaterBuild.name), at(vpaAdmissionBuild.name)
	}
	if e.SlowEtcd {
		b.SlowEtcd = e.slowEtcd()
	}
	if e.Prometheus {
		b.Prometheus = at(prometheusBuild.name)
	}
	if e.Evenkeel {
		b.Evenkeel = at("evenkeel")
	}
	return b
}

// Folder is one folder with all of the binaries under their names: the one where they
// all are, or else gathered, with links to them.
func (b Binaries) Folder(gathered string) (string, error) {
	all := map[string]string{
		"kube-apiserver": b.KubeAPIServer, "kube-controller-manager": b.KubeControllerManager, "kube-scheduler": b.KubeScheduler,
		"kubectl": b.Kubectl, "etcd": b.Etcd, "metrics-server": b.MetricsServer, "evenkeel": b.Evenkeel,
		"vpa-updater": b.VPAUpdater, "vpa-admission-controller": b.VPAAdmission, "prometheus": b.Prometheus,
	}
	maps.DeleteFunc(all, func(_, path string) bool { return path == "" })
	folders := map[string]bool{}
	for _, path := range all {
		folders[filepath.Dir(path)] = true
	}
	if len(folders) == 1 {
		return filepath.Dir(b.Etcd), nil
	}
	if err := os.MkdirAll(gathered, 0o755); err != nil { //nolint:gosec // binaries are for everybody to run
		return "", fmt.Errorf("making the folder for links to binaries: %w", err)
	}
	for name, path := range all {
		link := filepath.Join(gathered, name)
		if path == link { // a person named the folder of an earlier time as their own
			continue
		}
		if err := symlink(path, link); err != nil {
			return "", err
		}
	}
	return gathered, nil
}
