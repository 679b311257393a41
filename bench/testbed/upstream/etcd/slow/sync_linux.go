// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fileutil stands in for one file of etcd's package of that name
// (client/pkg/fileutil/sync_linux.go) when the testbed builds an etcd whose disk can be
// made slow. It is put into a copy of the module; the module itself is left alone.
//
// Everything is upstream's but the wait in Fdatasync. That function is called for the
// write-ahead log alone, and the caller measures it: what is added here is seen in
// etcd_disk_wal_fsync_duration_seconds, as a slow disk's would be.
package fileutil

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// delayFile is in the data folder, beside "member"; it holds a Go duration. It is read
// at each sync, so that the disk is slow, or no longer, from one sync to the next.
const delayFile = "fsync-delay"

// maxDelay bounds what the file can do: a member is to be slow, not dead.
const maxDelay = 2 * time.Second

// Fsync is a wrapper around file.Sync(). Special handling is needed on darwin platform.
func Fsync(f *os.File) error {
	return f.Sync()
}

// Fdatasync is similar to fsync(), but does not flush modified metadata
// unless that metadata is needed in order to allow a subsequent data retrieval
// to be correctly handled. It takes longer by what the delay file says.
func Fdatasync(f *os.File) error {
	err := syscall.Fdatasync(int(f.Fd()))
	// <data>/member/wal/0000000000000000-0000000000000000.wal
	data := filepath.Dir(filepath.Dir(filepath.Dir(f.Name())))
	if raw, e := os.ReadFile(filepath.Join(data, delayFile)); e == nil {
		if d, e := time.ParseDuration(strings.TrimSpace(string(raw))); e == nil && d > 0 {
			time.Sleep(min(d, maxDelay))
		}
	}
	return err
}
