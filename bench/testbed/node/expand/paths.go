// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package expand

import (
	"slices"
	"strings"
)

// Mount is a path in a container and the real folder or file behind it.
type Mount struct{ Path, Real string }

// Paths rewrites mount paths in text.
type Paths []Mount

// NewPaths orders mounts so that a mount inside another one is found first.
func NewPaths(mounts []Mount) Paths {
	var paths Paths
	for _, m := range mounts {
		m.Path = strings.TrimRight(m.Path, "/")
		if m.Path != "" { // nothing can stand for the whole file system
			paths = append(paths, m)
		}
	}
	slices.SortStableFunc(paths, func(a, b Mount) int { return len(b.Path) - len(a.Path) })
	return paths
}

// Rewrite replaces every mount path that stands in text as a path of its own: at
// the start, or behind something that is no part of a path ("=", ",", ":", a
// space, "://"), and followed by the end, a slash, or again no part of a path.
// /etc/pki is so not found in /etc/pki2 or /old/etc/pki.
func (p Paths) Rewrite(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		mount, ok := p.at(text, i)
		if !ok {
			out.WriteByte(text[i])
			i++
			continue
		}
		out.WriteString(mount.Real)
		i += len(mount.Path)
	}
	return out.String()
}

func (p Paths) at(text string, i int) (Mount, bool) {
	if text[i] != '/' || i > 0 && partOfPath(text[i-1]) && !strings.HasSuffix(text[:i], "://") {
		return Mount{}, false
	}
	for _, m := range p {
		rest, found := strings.CutPrefix(text[i:], m.Path)
		if found && (rest == "" || rest[0] == '/' || !partOfPath(rest[0])) {
			return m, true
		}
	}
	return Mount{}, false
}

func partOfPath(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("/._-~+@%", c) >= 0
}
