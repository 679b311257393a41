// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// standIn is a file that is compiled in the place of another module's.
type standIn struct {
	// module and file are what it stands in for, with what it is, below the folder of
	// the build's module.
	module, file, with string
}

// overlay writes the file that the go command is told of the stand-ins by (go help
// build, -overlay), and returns its path.
func (e *ensurer) overlay(ctx context.Context, b build, path string) (string, error) {
	dir := filepath.Join(e.Root, b.module)
	replace := map[string]string{}
	for _, s := range b.overlay {
		ask := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", s.module) //nolint:gosec // its own constants
		ask.Dir, ask.Env = dir, append(os.Environ(), "GOFLAGS=", "GOWORK=off")
		out, err := ask.Output()
		if err != nil {
			return "", fmt.Errorf("looking for module %s to build %s: %w", s.module, b.name, err)
		}
		original := filepath.Join(strings.TrimSpace(string(out)), s.file)
		if _, err := os.Stat(original); err != nil {
			return "", fmt.Errorf("building %s: there is nothing to stand in for: %w", b.name, err)
		}
		replace[original] = filepath.Join(dir, s.with)
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("writing the overlay of %s: %w", b.name, err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return "", fmt.Errorf("writing the overlay of %s: %w", b.name, err)
	}
	return path, nil
}
