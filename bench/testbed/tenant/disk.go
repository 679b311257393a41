// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// delayFile is what an etcd that was built to be slow reads its delay from; see
// bench/testbed/upstream/etcd/slow.
const delayFile = "fsync-delay"

// DelayFsync has every sync of the members' write-ahead logs take longer by d from now
// on, until it is called with 0. It has an effect on members that run the binary
// SlowEtcd of the testbed, and none on others.
func (t *Tenant) DelayFsync(d time.Duration) error { return t.DelayFsyncIn("", d) }

// DelayFsyncIn is DelayFsync of the member in one zone alone; an empty zone is all.
func (t *Tenant) DelayFsyncIn(zone string, d time.Duration) error {
	for _, v := range volumes(t.options) {
		if zone != "" && v.Zone != zone {
			continue
		}
		path := filepath.Join(v.Path, "data", delayFile)
		if d <= 0 {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("making the disk in zone %s quick again: %w", v.Zone, err)
			}
			continue
		}
		if err := replace(path, d.String()+"\n"); err != nil {
			return fmt.Errorf("making the disk in zone %s slow: %w", v.Zone, err)
		}
	}
	return nil
}

// replace writes a file whole: a member that reads it meanwhile sees the old or the
// new text.
func replace(path, text string) error {
	part := path + ".new"
	if err := os.WriteFile(part, []byte(text), 0o644); err != nil { //nolint:gosec // etcd has a user of its own
		return err
	}
	return os.Rename(part, path)
}
