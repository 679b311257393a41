// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock makes sure that one run at a time uses a folder: a second one would clean
// up the first. The lock goes with the process, however that ends.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // within the checkout
	if err != nil {
		return nil, fmt.Errorf("locking the run's folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another run is using this checkout (%s is locked): end it first: %w", path, err), file.Close())
	}
	return func() {
		_ = os.Remove(path)
		_ = file.Close()
	}, nil
}
