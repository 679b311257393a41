// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package swarm

import (
	"fmt"
	"net/http"
	"strconv"

	"evenkeel.dev/evenkeel/bench/load/fill"
)

// crowdNamespaces is over how many namespaces the users' own objects are spread.
const crowdNamespaces = 10

// Crowd is the small requests of everyday clients: of twenty, ten gets of a pod, three
// lists of a namespace's pods in pages, three lists of a namespace's ConfigMaps and
// four patches of a ConfigMap of one's own.
type Crowd struct {
	pods                   int
	object, listed, change *Class
}

// NewCrowd is a crowd in a control plane that was filled with so many pods.
func NewCrowd(pods int) *Crowd {
	return &Crowd{
		pods: pods, object: newClass("get", SLOObject, 1),
		listed: newClass("list-namespace", SLONamespace, 1), change: newClass("patch", SLOObject, 1),
	}
}

// CrowdObject is the ConfigMap of a user.
func CrowdObject(user int) (namespace, name string) {
	return fmt.Sprintf("crowd-%d", user%crowdNamespaces), fmt.Sprintf("user-%03d", user)
}

// Classes hold every request.
func (c *Crowd) Classes() []*Class { return []*Class{c.object, c.listed, c.change} }

// Next is the nth request of a user.
func (c *Crowd) Next(user, n int) Request {
	namespace, pod := fill.PodName((user*31 + n*17) % max(c.pods, 1))
	own, object := CrowdObject(user)
	// Users are at different places of the round.
	switch i := (n + 7*user) % 20; {
	case i%5 == 1:
		return Request{
			Class: c.change, Method: http.MethodPatch, ContentType: "application/merge-patch+json",
			Path: "/api/v1/namespaces/" + own + "/configmaps/" + object,
			Body: `{"data":{"n":"` + strconv.Itoa(n) + `"}}`,
		}
	case i == 3 || i == 9 || i == 15:
		return Request{Class: c.listed, Method: http.MethodGet, Path: "/api/v1/namespaces/" + namespace + "/pods?limit=10"}
	case i == 5 || i == 12 || i == 19:
		return Request{Class: c.listed, Method: http.MethodGet, Path: "/api/v1/namespaces/" + own + "/configmaps?limit=10"}
	default:
		return Request{Class: c.object, Method: http.MethodGet, Path: "/api/v1/namespaces/" + namespace + "/pods/" + pod}
	}
}
