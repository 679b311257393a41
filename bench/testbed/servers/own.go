// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// versionWithin bounds a binary's answer to the question for its version.
	versionWithin = 20 * time.Second
	// mostVersion bounds that answer, in characters, where it is shown.
	mostVersion = 100
)

// kind is how a person's own binary is asked for its version and what it must be.
type kind struct {
	ask []string
	// answer finds major and minor version in what the binary prints.
	answer *regexp.Regexp
	// major and minor are the least that will do, and why says what for.
	major, minor int
	why          string
}

// kinds are the binaries that a person may bring.
var kinds = func() map[string]kind {
	// Of 1.33 on pods are resized in place without a feature gate.
	server := kind{ask: []string{"--version"}, answer: regexp.MustCompile(`Kubernetes v(\d+)\.(\d+)`), major: 1, minor: 33, why: "pods are resized in place"}
	client := server
	client.ask, client.answer = []string{"version", "--client"}, regexp.MustCompile(`Client Version: v(\d+)\.(\d+)`)
	return map[string]kind{
		"kube-apiserver": server, "kube-controller-manager": server, "kube-scheduler": server, "kubectl": client,
		"etcd": {ask: []string{"--version"}, answer: regexp.MustCompile(`etcd Version: (\d+)\.(\d+)`), major: 3, minor: 5, why: "the apiserver is made for it"},
	}
}()

// own looks for a person's own binary and makes sure that it is what its name
// says and not too old. It remembers the path in found.
func (e *ensurer) own(ctx context.Context, name string) error {
	if e.Assets == "" || sameFolder(e.Assets, e.Cache) {
		return nil
	}
	path, err := filepath.Abs(filepath.Join(e.Assets, name))
	if err != nil {
		return fmt.Errorf("looking for %s in %s: %w", name, e.Assets, err)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	version, err := kinds[name].version(ctx, path)
	if err != nil {
		return fmt.Errorf("%s in %s cannot be used: %w; replace it, or take it out of that folder to have one built", name, e.Assets, err)
	}
	e.Progress(fmt.Sprintf("using your own %s: %s", name, version))
	e.found[name] = path
	return nil
}

// version asks a binary for its version; an error when it is none that will do.
func (k kind) version(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionWithin)
	defer cancel()
	c := exec.CommandContext(ctx, path, k.ask...) //nolint:gosec // the person named the folder
	c.WaitDelay = time.Second
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("it does not run (%s: %w)", strings.Join(k.ask, " "), errors.Join(err, ctx.Err()))
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	first = first[:min(len(first), mostVersion)]
	found := k.answer.FindStringSubmatch(string(out))
	if found == nil {
		return "", fmt.Errorf("asked for its version it answers %q", first)
	}
	major, _ := strconv.Atoi(found[1]) // digits, by the expression; too many are too new
	minor, _ := strconv.Atoi(found[2])
	if major < k.major || major == k.major && minor < k.minor {
		return "", fmt.Errorf("it is too old (%s): %d.%d or newer is needed, since then %s", first, k.major, k.minor, k.why)
	}
	return first, nil
}

// sameFolder tells whether two paths lead to the same folder.
func sameFolder(a, b string) bool {
	one, e1 := os.Stat(a)
	two, e2 := os.Stat(b)
	return e1 == nil && e2 == nil && os.SameFile(one, two)
}
