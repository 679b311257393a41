// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// waitAfterInterrupt is what a go command that is to end gets before it is killed.
const waitAfterInterrupt = 5 * time.Second

// build is one binary to build.
type build struct {
	// name is the binary's, module the folder of its go.mod, below the checkout,
	// and target the package in it.
	name, module, target string
	// ldflags are handed to the linker, tags to the compiler.
	ldflags, tags string
	// always builds without asking the stamp: the go command is quick to find out
	// that nothing has changed, and the sources are many.
	always bool
	// standIns are compiled in the place of other modules' files.
	standIns []standIn
	// minutes is how long a cold build takes on two cores, for people.
	minutes string
}

var (
	kubernetesBuild = build{
		name: "kubernetes", module: "bench/testbed/upstream/kubernetes", target: ".", minutes: "about 5 minutes on 2 cores",
		ldflags: "-X k8s.io/component-base/version.gitVersion=" + kubernetesVersion +
			" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
	}
	etcdBuild     = build{name: "etcd", module: "bench/testbed/upstream/etcd", target: ".", minutes: "about half a minute"}
	slowEtcdBuild = build{
		name: "etcd-slow", module: "bench/testbed/upstream/etcd", target: ".", minutes: "about half a minute",
		standIns: []standIn{{module: "go.etcd.io/etcd/client/pkg/v3", file: "fileutil/sync_linux.go", with: "slow/sync_linux.go"}},
	}
	metricsServerBuild = build{name: "metrics-server", module: "bench/testbed/upstream/metrics-server", target: ".", minutes: "about 2 minutes"}
	vpaUpdaterBuild    = build{
		name: "vpa-updater", module: "bench/testbed/upstream/vpa", minutes: "about 3 minutes on 2 cores",
		target: "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/updater",
	}
	vpaAdmissionBuild = build{
		name: "vpa-admission-controller", module: "bench/testbed/upstream/vpa", minutes: "seconds after the updater",
		target: "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/admission-controller",
		// It would listen on every address of the machine, and has no flag for one.
		standIns: []standIn{{
			module: "k8s.io/autoscaler/vertical-pod-autoscaler", file: "pkg/admission-controller/main.go",
			was: `fmt.Sprintf(":%d", config.Port)`, is: `fmt.Sprintf("127.0.0.1:%d", config.Port)`,
		}},
	}
	// Its command has no package to import, and without its tags it carries the clients of
	// two dozen clouds. Targets are listed in its configuration, or in files.
	prometheusBuild = build{
		name: "prometheus", module: "bench/testbed/upstream/prometheus", minutes: "about 2 minutes on 2 cores",
		target: "github.com/prometheus/prometheus/cmd/prometheus", tags: "remove_all_sd",
		ldflags: "-X github.com/prometheus/common/version.Version=" + prometheusVersion,
	}
	evenkeelBuild = build{name: "evenkeel", module: ".", target: "./cmd/evenkeel", always: true, minutes: "about a minute"}
)

// build builds one binary, unless its stamp says that it has been built.
func (e *ensurer) build(ctx context.Context, b build) error {
	path := filepath.Join(e.Cache, b.name)
	stamp, err := e.stamp(ctx, b)
	if err != nil {
		return err
	}
	was, _ := os.ReadFile(path + ".stamp") //nolint:gosec // within the checkout
	_, statErr := os.Stat(path)
	if !b.always && statErr == nil && string(was) == stamp {
		return nil
	}
	if statErr != nil {
		e.Progress(fmt.Sprintf("building %s (%s when nothing is cached)", b.name, b.minutes))
	}
	// Into another name first: a build that is cut off must not look done.
	if err := e.goBuild(ctx, b, path+".new"); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("keeping %s: %w", b.name, err)
	}
	if err := os.WriteFile(path+".stamp", []byte(stamp), 0o600); err != nil {
		return fmt.Errorf("stamping %s: %w", b.name, err)
	}
	return nil
}

// stamp is a digest of what a binary is made from: its module's files and the
// version of Go.
func (e *ensurer) stamp(ctx context.Context, b build) (string, error) {
	if b.always {
		return "", nil
	}
	dir := filepath.Join(e.Root, b.module)
	ask := exec.CommandContext(ctx, "go", "version")
	ask.Dir = dir // the module may ask for a version of its own
	version, err := ask.Output()
	if err != nil {
		return "", fmt.Errorf("asking for the version of Go to build %s: %w", b.name, err)
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s\n%s\n%s\n", version, b.target, b.ldflags) // a hash takes everything
	if b.tags != "" {
		_, _ = fmt.Fprintf(h, "tags %s\n", b.tags)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", fmt.Errorf("reading the module of %s: %w", b.name, err)
	}
	for _, s := range b.standIns {
		if s.with != "" {
			files = append(files, filepath.Join(dir, s.with))
		}
		_, _ = fmt.Fprintf(h, "%s %s %s\n", s.file, s.was, s.is)
	}
	slices.Sort(files)
	for _, f := range append(files, filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum")) {
		raw, err := os.ReadFile(f) //nolint:gosec // within the checkout
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("reading the module of %s: %w", b.name, err)
		}
		_, _ = fmt.Fprintf(h, "%s %x\n", filepath.Base(f), sha256.Sum256(raw))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// goBuild runs the go command and tells how far it has come.
func (e *ensurer) goBuild(ctx context.Context, b build, out string) error {
	args := []string{"build", "-v", "-buildvcs=false", "-ldflags", strings.TrimSpace("-s -w " + b.ldflags), "-o", out}
	if b.tags != "" {
		args = append(args, "-tags", b.tags)
	}
	if b.module != "." {
		// Evenkeel itself is compiled with the Makefile's flags, so that the demo,
		// the bench and the tests share one cache.
		args = append(args, "-trimpath")
	}
	if len(b.standIns) > 0 {
		dir := out + ".src"
		modfile, err := e.standIns(ctx, b, dir)
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		args = append(args, "-modfile", modfile)
	}
	c := exec.CommandContext(ctx, "go", append(args, b.target)...) //nolint:gosec // its own constants
	c.Dir = filepath.Join(e.Root, b.module)
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	// Interrupted, it ends its compilers and removes its folders.
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = waitAfterInterrupt
	n := narrate(b.name, e.Progress)
	c.Stdout, c.Stderr = n, n
	err := c.Run()
	compiled, tail := n.end()
	switch {
	case err == nil && (compiled > 0 || !b.always):
		e.Progress(fmt.Sprintf("built %s: %s", b.name, n.soFar()))
		return nil
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("building %s: %w", b.name, ctx.Err())
	default:
		return fmt.Errorf("building %s (go build in %s): %w\n%s", b.name, b.module, err, tail)
	}
}
