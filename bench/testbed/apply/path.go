// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"
)

// manager owns the fields of what Path and Bytes write.
const manager = "testbed"

// maxFile bounds one file of manifests, in bytes.
const maxFile = 4 << 20

// Bytes applies documents once; see Applier.Apply.
func Bytes(ctx context.Context, c *rest.Config, documents []byte) error {
	a, err := New(c, manager)
	if err != nil {
		return err
	}
	return a.Apply(ctx, documents)
}

// Path applies one file, or every *.yaml file below a folder in lexical order
// (a kustomization.yaml apart: it is no object).
func Path(ctx context.Context, c *rest.Config, path string) error {
	a, err := New(c, manager)
	if err != nil {
		return err
	}
	files := 0
	err = filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("reading the manifests in %s: %w", path, err)
		case entry.IsDir():
			return nil
		case file != path && (filepath.Ext(file) != ".yaml" || entry.Name() == "kustomization.yaml"):
			return nil
		}
		files++
		return a.file(ctx, file)
	})
	if err == nil && files == 0 {
		err = fmt.Errorf("reading the manifests in %s: there are none", path)
	}
	return err
}

func (a *Applier) file(ctx context.Context, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("reading a manifest: %w", err)
	}
	if info.Size() > maxFile {
		return fmt.Errorf("reading the manifest %s: larger than %d bytes", file, maxFile)
	}
	raw, err := os.ReadFile(file) //nolint:gosec // the caller names the file
	if err != nil {
		return fmt.Errorf("reading a manifest: %w", err)
	}
	if err := a.Apply(ctx, raw); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
