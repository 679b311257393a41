// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

const (
	// marker is what a shim is started with.
	marker = "evenkeel-testbed-shim"
	// shimFailed is the status of a shim that could not become its target, as
	// shells use it.
	shimFailed = 126
)

// shimArgs are the shim's own arguments: the marker, the host name, the cgroups'
// files, and behind a lone dash the command.
func shimArgs(spec Spec) []string {
	args := []string{marker, spec.Hostname, strings.Join(spec.Group.ProcsFiles(), ":"), "-"}
	return append(args, spec.Argv...)
}

// MaybeShim must be called first in main and in TestMain. In a process that was
// started as a shim it sets up what was asked for, becomes the target and never
// returns.
func MaybeShim() {
	if len(os.Args) < 6 || os.Args[1] != marker || os.Args[4] != "-" {
		return
	}
	err := becomeTarget(os.Args[2], os.Args[3], os.Args[5:])
	fmt.Fprintf(os.Stderr, "starting %s: %v\n", os.Args[5], err)
	os.Exit(shimFailed)
}

func becomeTarget(hostname, groups string, argv []string) error {
	if hostname != "" && os.Geteuid() == 0 {
		if err := syscall.Sethostname([]byte(hostname)); err != nil {
			return fmt.Errorf("setting the host name to %s: %w", hostname, err)
		}
	}
	for file := range strings.SplitSeq(groups, ":") {
		if file == "" {
			continue
		}
		if err := os.WriteFile(file, []byte("0"), 0o600); err != nil {
			return fmt.Errorf("joining a cgroup: %w", err)
		}
	}
	if err := takeTurns(); err != nil {
		return err
	}
	return syscall.Exec(argv[0], argv, os.Environ()) //nolint:gosec // it is the shim's purpose
}
