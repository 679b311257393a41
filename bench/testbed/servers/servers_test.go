// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servers_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// module writes a checkout whose upstream modules are a few lines each.
func module(t *testing.T, source string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"kubernetes", "etcd"} {
		dir := filepath.Join(root, "bench", "testbed", "upstream", name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "go.mod"), "module example.test/"+name+"\n\ngo 1.26\n", 0o600)
		write(t, filepath.Join(dir, "main.go"), source, 0o600)
	}
	return root
}

const hello = "package main\n\nfunc main() { println(\"hello\") }\n"

func TestEnsureBuildsOnce(t *testing.T) {
	root := module(t, hello)
	cache := filepath.Join(root, ".cache")
	var said []string
	ensure := func() servers.Binaries {
		t.Helper()
		said = nil
		b, err := servers.Ensure(t.Context(), servers.Options{Root: root, Cache: cache, Progress: func(l string) { said = append(said, l) }})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := ensure()
	for _, path := range []string{b.KubeAPIServer, b.KubeControllerManager, b.KubeScheduler, b.Kubectl, b.Etcd} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("not built: %v", err)
		}
	}
	if !strings.Contains(strings.Join(said, "\n"), "building kubernetes") {
		t.Errorf("progress said %q", said)
	}
	if ensure(); len(said) != 0 {
		t.Errorf("a second run said %q, want silence: everything is built", said)
	}
	write(t, filepath.Join(root, "bench/testbed/upstream/etcd/main.go"), strings.Replace(hello, "hello", "changed", 1), 0o600)
	if ensure(); !strings.Contains(strings.Join(said, "\n"), "built etcd") {
		t.Errorf("after a change of etcd's module it said %q", said)
	}
}

func TestEnsureShowsWhyABuildFails(t *testing.T) {
	root := module(t, "package main\n\nfunc main() { undefinedName() }\n")
	_, err := servers.Ensure(t.Context(), servers.Options{Root: root, Cache: filepath.Join(root, ".cache")})
	if err == nil || !strings.Contains(err.Error(), "undefined: undefinedName") || !strings.Contains(err.Error(), "building kubernetes") {
		t.Errorf("Ensure = %v, want the compiler's own words", err)
	}
}

func TestEnsureUsesAPersonsOwnBinaries(t *testing.T) {
	root := module(t, hello)
	assets := t.TempDir()
	write(t, filepath.Join(assets, "etcd"), "#!/bin/sh\necho etcd Version: 9.9.9\n", 0o700)
	var said []string
	b, err := servers.Ensure(t.Context(), servers.Options{Root: root, Cache: filepath.Join(root, ".cache"), Assets: assets, Progress: func(l string) { said = append(said, l) }})
	if err != nil {
		t.Fatal(err)
	}
	if b.Etcd != filepath.Join(assets, "etcd") || !strings.Contains(strings.Join(said, "\n"), "using your own etcd: etcd Version: 9.9.9") {
		t.Errorf("etcd is %s, and it said %q", b.Etcd, said)
	}
}

// Tests are told of one folder, whoever the binaries in it belong to.
func TestFolderHoldsAll(t *testing.T) {
	built, own, gathered := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "servers")
	b := servers.Binaries{KubeAPIServer: filepath.Join(built, "kube-apiserver"), Etcd: filepath.Join(built, "etcd")}
	if folder, err := b.Folder(gathered); err != nil || folder != built {
		t.Errorf("Folder = %s, %v; want the one where all are: %s", folder, err, built)
	}
	b.Etcd = filepath.Join(own, "etcd")
	for range 2 { // the second time the links are there, and one of them is a person's own
		folder, err := b.Folder(gathered)
		if err != nil || folder != gathered {
			t.Fatalf("Folder = %s, %v; want %s", folder, err, gathered)
		}
		for name, want := range map[string]string{"kube-apiserver": b.KubeAPIServer, "etcd": filepath.Join(own, "etcd")} {
			if got, err := os.Readlink(filepath.Join(folder, name)); err != nil || got != want {
				t.Errorf("%s leads to %s, %v; want %s", name, got, err, want)
			}
		}
		b.Etcd = filepath.Join(gathered, "etcd")
	}
}

func TestEnsureRefusesBinariesThatWillNotDo(t *testing.T) {
	for name, c := range map[string]struct{ binary, script, want string }{
		"does not run": {"etcd", "exit 1", "etcd in ASSETS cannot be used: it does not run (--version: exit status 1); replace it, or take it out"},
		"another":      {"kube-apiserver", "echo I am a teapot", `asked for its version it answers "I am a teapot"`},
		"too old":      {"kube-scheduler", "echo Kubernetes v1.29.4", "it is too old (Kubernetes v1.29.4): 1.33 or newer is needed"},
		"old kubectl":  {"kubectl", "echo Client Version: v1.2.0", "it is too old (Client Version: v1.2.0)"},
	} {
		t.Run(name, func(t *testing.T) {
			assets := t.TempDir()
			write(t, filepath.Join(assets, c.binary), "#!/bin/sh\n"+c.script+"\n", 0o700)
			_, err := servers.Ensure(t.Context(), servers.Options{Root: t.TempDir(), Cache: filepath.Join(t.TempDir(), "bin"), Assets: assets})
			if want := strings.ReplaceAll(c.want, "ASSETS", assets); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Ensure = %v, want it to say %q", err, want)
			}
		})
	}
}

func TestEnsureSaysThatGoIsMissing(t *testing.T) {
	root := module(t, hello)
	t.Setenv("PATH", t.TempDir())
	_, err := servers.Ensure(t.Context(), servers.Options{Root: root, Cache: filepath.Join(root, ".cache")})
	if err == nil || !strings.Contains(err.Error(), "building kubernetes needs the go command: install Go") {
		t.Errorf("Ensure = %v, want it to ask for Go", err)
	}
}

func TestEnsureEndsWithItsContext(t *testing.T) {
	root := module(t, hello)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := servers.Ensure(ctx, servers.Options{Root: root, Cache: filepath.Join(root, ".cache"), Progress: func(l string) {
		if strings.HasPrefix(l, "building kubernetes") {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Ensure = %v, want the context's error", err)
	}
	if _, err := os.Stat(filepath.Join(root, ".cache", "kubernetes")); err == nil {
		t.Error("a build that was cut off looks done")
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
