// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// standIn is a file that is compiled in the place of another module's. (The go
// command's own overlay does not reach into its module cache.)
type standIn struct {
	// module and file are what it stands in for, with what it is, below the folder of
	// the build's module. Without one the file stays, but for was, which becomes is.
	module, file, with string
	was, is            string
}

// text is what is compiled, where the module's own file is in original.
func (s standIn) text(from, original string) ([]byte, error) {
	if s.with != "" {
		return os.ReadFile(filepath.Join(from, s.with)) //nolint:gosec // within the checkout
	}
	raw, err := os.ReadFile(filepath.Join(original, s.file)) //nolint:gosec // within the module cache
	if err != nil {
		return nil, err
	}
	if n := strings.Count(string(raw), s.was); n != 1 {
		return nil, fmt.Errorf("%s has %q %d times, not once", s.file, s.was, n)
	}
	return []byte(strings.Replace(string(raw), s.was, s.is, 1)), nil
}

// standIns copies the modules that a build changes a file of into dir, with the file
// changed, and writes a go.mod there that has the copies in the originals' place. It
// returns that file's path, for the flag -modfile.
func (e *ensurer) standIns(ctx context.Context, b build, dir string) (modfile string, err error) {
	from := filepath.Join(e.Root, b.module)
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("clearing the folder to build %s in: %w", b.name, err)
	}
	var replace strings.Builder
	for i, s := range b.standIns {
		copied := filepath.Join(dir, strconv.Itoa(i))
		if err := e.copyModule(ctx, from, s, copied); err != nil {
			return "", fmt.Errorf("changing a file of %s to build %s: %w", s.module, b.name, err)
		}
		fmt.Fprintf(&replace, "\nreplace %s => %s\n", s.module, copied)
	}
	modfile = filepath.Join(dir, "go.mod")
	for _, name := range []string{"go.mod", "go.sum"} {
		raw, err := os.ReadFile(filepath.Join(from, name)) //nolint:gosec // within the checkout
		if err == nil && name == "go.mod" {
			raw = append(raw, replace.String()...)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), raw, 0o600) //nolint:gosec // within the checkout
		}
		if err != nil {
			return "", fmt.Errorf("preparing to build %s: %w", b.name, err)
		}
	}
	return modfile, nil
}

// copyModule copies a module's sources and puts the stand-in into the file's place.
func (e *ensurer) copyModule(ctx context.Context, from string, s standIn, to string) error {
	// Downloading is of no effect when the module is there.
	fetch := exec.CommandContext(ctx, "go", "mod", "download", s.module)            //nolint:gosec // its own constants
	ask := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", s.module) //nolint:gosec // its own constants
	for _, c := range []*exec.Cmd{fetch, ask} {
		c.Dir, c.Env = from, append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	}
	if out, err := fetch.CombinedOutput(); err != nil {
		return fmt.Errorf("go mod download: %w\n%s", err, out)
	}
	out, err := ask.Output()
	if err != nil {
		return fmt.Errorf("go list -m: %w", err)
	}
	original := strings.TrimSpace(string(out))
	if _, err := os.Stat(filepath.Join(original, s.file)); err != nil {
		return fmt.Errorf("there is nothing to stand in for: %w", err)
	}
	if err := os.CopyFS(to, os.DirFS(original)); err != nil {
		return fmt.Errorf("copying: %w", err)
	}
	raw, err := s.text(from, original)
	if err != nil {
		return err
	}
	// What is copied from the module cache may not be written to.
	path := filepath.Join(to, s.file)
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}
