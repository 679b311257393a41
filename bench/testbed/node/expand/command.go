// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package expand

import (
	"errors"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
)

// Command is a container's argv. The image is a local binary, perhaps with first
// arguments. As in a container runtime, command overrules what the image starts
// and args follow either; but a command that names the image's own binary means
// that binary, wherever it is on this machine.
func Command(image []string, c *corev1.Container, v *Variables, paths Paths) ([]string, error) {
	if len(image) == 0 {
		return nil, errors.New("the image has no binary")
	}
	argv := append([]string(nil), image...)
	said := c.Command
	switch {
	case len(said) == 0:
	case filepath.Base(said[0]) == filepath.Base(image[0]):
		said = said[1:]
	default:
		argv = nil
	}
	for _, list := range [][]string{said, c.Args} {
		for _, word := range list {
			argv = append(argv, paths.Rewrite(Vars(word, v.Lookup)))
		}
	}
	return argv, nil
}
