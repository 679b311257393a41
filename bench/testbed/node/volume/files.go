// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// File is a file of a volume.
type File struct {
	Data []byte
	Mode fs.FileMode
}

const dataLink = "..data"

// Write makes dir hold exactly files, whose names are relative paths, all at once
// for whoever reads through dir. It does nothing when they are there already.
func Write(dir string, files map[string]File) error {
	for name := range files {
		if !filepath.IsLocal(name) || strings.HasPrefix(name, "..") {
			return fmt.Errorf("the volume's file %q is not a path inside it", name)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the volume's folder: %w", err)
	}
	if holds(filepath.Join(dir, dataLink), files) {
		return nil
	}
	fresh, err := os.MkdirTemp(dir, "..")
	if err != nil {
		return fmt.Errorf("making the volume's content: %w", err)
	}
	if err := writeAll(fresh, files); err != nil {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	before, _ := os.Readlink(filepath.Join(dir, dataLink)) // none at first
	if err := turn(dir, filepath.Base(fresh), files); err != nil {
		return fmt.Errorf("turning the volume to its new content: %w", err)
	}
	if before == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(dir, filepath.Base(before)))
}

// holds tells whether the content is what is wanted already.
func holds(data string, files map[string]File) bool {
	found := 0
	walk := func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(data, path)
		if err != nil {
			return err
		}
		want, wanted := files[name]
		is, err := os.ReadFile(path) //nolint:gosec // a path below the volume's own folder
		if err != nil || !wanted || !bytes.Equal(is, want.Data) {
			return errors.Join(err, fs.ErrInvalid)
		}
		found++
		return nil
	}
	target, err := filepath.EvalSymlinks(data)
	if err != nil {
		return false
	}
	data = target
	return filepath.WalkDir(data, walk) == nil && found == len(files)
}

func writeAll(dir string, files map[string]File) error {
	for name, f := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("making a folder of the volume: %w", err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			return fmt.Errorf("writing the volume's file %s: %w", name, err)
		}
		if err := os.Chmod(path, f.Mode.Perm()); err != nil { // whatever the umask
			return fmt.Errorf("setting the mode of the volume's file %s: %w", name, err)
		}
	}
	return nil
}

// turn points ..data to the fresh folder, and gives each name on the volume's top
// level a link through ..data; links to what is no longer there go.
func turn(dir, fresh string, files map[string]File) error {
	next := filepath.Join(dir, "..next")
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(fresh, next); err != nil {
		return err
	}
	if err := os.Rename(next, filepath.Join(dir, dataLink)); err != nil {
		return err
	}
	wanted := map[string]bool{}
	for name := range files {
		top, _, _ := strings.Cut(name, "/")
		wanted[top] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch {
		case wanted[e.Name()]:
			delete(wanted, e.Name())
		case !strings.HasPrefix(e.Name(), ".."):
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	for _, top := range slices.Sorted(maps.Keys(wanted)) {
		if err := os.Symlink(filepath.Join(dataLink, top), filepath.Join(dir, top)); err != nil {
			return err
		}
	}
	return nil
}
