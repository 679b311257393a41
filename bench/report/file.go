// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxFile bounds a report file, in bytes.
const maxFile = 4 << 20

// WriteFile writes the report as JSON, whole or not at all: a reader never sees
// half a report, and a failed write leaves the one before in place.
func (r *Report) WriteFile(path string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report as JSON: %w", err)
	}
	part, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing the report %s: %w", path, err)
	}
	_, err = part.Write(append(raw, '\n'))
	err = errors.Join(err, part.Chmod(0o644), part.Sync(), part.Close())
	if err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		_ = os.Remove(part.Name())
		return fmt.Errorf("writing the report %s: %w", path, err)
	}
	return nil
}

// ReadFile reads a report that WriteFile wrote. Fields that later versions add
// are passed over.
func ReadFile(path string) (*Report, error) {
	f, err := os.Open(path) //nolint:gosec // the person who compares reports names the file
	if err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the report %s: %w", path, err)
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("reading the report %s: larger than %d bytes", path, maxFile)
	}
	r := &Report{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("reading the report %s: %w", path, err)
	}
	if r.Target == "" {
		return nil, fmt.Errorf("reading the report %s: it names no target, is it a report?", path)
	}
	return r, nil
}
