// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// reportEvery is the time between two lines of progress.
	reportEvery = 10 * time.Second
	// errorLines is how much of a failed build's output is shown.
	errorLines = 15
)

// build is one binary to build.
type build struct {
	// name is the binary's, module the folder of its go.mod, below the checkout,
	// and target the package in it.
	name, module, target string
	// ldflags are handed to the linker.
	ldflags string
	// always builds without asking the stamp: the go command is quick to find out
	// that nothing has changed, and the sources are many.
	always bool
	// minutes is how long a cold build takes on two cores, for people.
	minutes string
}

var (
	kubernetesBuild = build{
		name: "kubernetes", module: "bench/testbed/upstream/kubernetes", target: ".", minutes: "about 5 minutes on 2 cores",
		ldflags: "-X k8s.io/component-base/version.gitVersion=" + kubernetesVersion +
			" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
	}
	etcdBuild          = build{name: "etcd", module: "bench/testbed/upstream/etcd", target: ".", minutes: "about half a minute"}
	metricsServerBuild = build{name: "metrics-server", module: "bench/testbed/upstream/metrics-server", target: ".", minutes: "about 2 minutes"}
	evenkeelBuild      = build{name: "evenkeel", module: ".", target: "./cmd/evenkeel", always: true, minutes: "about a minute"}
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
	h := sha256.New()
	version, err := exec.CommandContext(ctx, "go", "version").Output()
	if err != nil {
		return "", fmt.Errorf("asking for the version of Go, which is needed to build %s (is it installed and on the PATH?): %w", b.name, err)
	}
	fmt.Fprintf(h, "%s\n%+v\n", version, b)
	dir := filepath.Join(e.Root, b.module)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return "", fmt.Errorf("reading the module of %s: %w", b.name, err)
	}
	slices.Sort(files)
	for _, f := range files {
		raw, err := os.ReadFile(f) //nolint:gosec // within the checkout
		if err != nil {
			return "", fmt.Errorf("reading the module of %s: %w", b.name, err)
		}
		fmt.Fprintf(h, "%s %x\n", filepath.Base(f), sha256.Sum256(raw))
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// goBuild runs the go command and tells how far it has come.
func (e *ensurer) goBuild(ctx context.Context, b build, out string) error {
	c := exec.CommandContext(ctx, "go", "build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", strings.TrimSpace("-s -w "+b.ldflags), "-o", out, b.target) //nolint:gosec // its own constants
	c.Dir = filepath.Join(e.Root, b.module)
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	output, write := io.Pipe()
	c.Stdout, c.Stderr = write, write
	said := make(chan string, 1)
	go func() { said <- e.narrate(b, output) }()
	err := c.Run()
	_ = write.Close()
	tail := <-said
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("building %s: %w", b.name, ctx.Err())
	}
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("building %s needs the go command: install Go and put it on the PATH: %w", b.name, err)
	}
	return fmt.Errorf("building %s: %w\n%s", b.name, err, tail)
}

// narrate counts the packages that the go command names as it compiles them;
// those that it has cached it does not name. It returns the last lines.
func (e *ensurer) narrate(b build, output io.Reader) string {
	began, last := time.Now(), time.Now()
	var compiled int
	var tail []string
	lines := bufio.NewScanner(output)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	for lines.Scan() {
		line := string(bytes.TrimSpace(lines.Bytes()))
		if !strings.Contains(line, " ") {
			compiled++
		}
		tail = append(tail, line)
		tail = tail[max(0, len(tail)-errorLines):]
		if time.Since(last) >= reportEvery {
			last = time.Now()
			e.Progress(fmt.Sprintf("building %s: %d packages compiled, %s", b.name, compiled, time.Since(began).Round(time.Second)))
		}
	}
	_, _ = io.Copy(io.Discard, output) // a line too long to scan must not block the build
	if compiled > 0 {
		e.Progress(fmt.Sprintf("built %s: %d packages compiled in %s", b.name, compiled, time.Since(began).Round(time.Second)))
	}
	return strings.Join(tail, "\n")
}
