// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"evenkeel.dev/evenkeel/bench/load/fill"
)

// reopenAfter is the least time before a watch that has ended is opened again, and
// refusedFor before one that was refused is.
const (
	reopenAfter = time.Second
	refusedFor  = 15 * time.Second
)

// watches are the paths that the node watches from the first: its pods, and for a share
// of the nodes what a kubelet and a proxy watch besides.
func (n *node) watches() []string {
	paths := []string{selected("/api/v1/pods", "spec.nodeName", n.name)}
	if n.fleet.options.watching(n.number) {
		paths = append(paths, selected(nodesPath, "metadata.name", n.name), "/api/v1/services?")
	}
	return paths
}

// watchSettings watches the ConfigMap of the node's first pod: the node authorizer lets
// a node see what its pods refer to, and nothing before it has them.
func (n *node) watchSettings(pod int) {
	if n.fleet.options.watching(n.number) {
		namespace, _ := fill.PodName(pod)
		path := selected("/api/v1/namespaces/"+namespace+"/configmaps", "metadata.name", settingsName)
		n.fleet.live(func(ctx context.Context) { n.watch(ctx, path) })
	}
}

func selected(path, field, value string) string {
	return path + "?fieldSelector=" + url.QueryEscape(field+"="+value) + "&"
}

// watch holds a watch open, from the state as it is, as client-go's reflectors do: five
// to ten minutes long, then another.
func (n *node) watch(ctx context.Context, path string) {
	for {
		seconds := 300 + rand.IntN(300) //nolint:gosec // spreads a load
		r := request{method: http.MethodGet, path: path + "watch=true&allowWatchBookmarks=true&sendInitialEvents=true" +
			"&resourceVersionMatch=NotOlderThan&timeoutSeconds=" + strconv.Itoa(seconds)}
		opened, least := time.Now(), reopenAfter
		if answer, err := send(ctx, n.conn, r); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body) // however it ends, it is opened again
			_ = answer.Body.Close()
			if !good(answer.StatusCode) {
				least = refusedFor
			}
		}
		if !sleep(ctx, least-time.Since(opened)) {
			return
		}
	}
}
