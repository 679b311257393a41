// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// Client is who asks for what, as exactly as a flow schema can match it.
type Client struct {
	// User is the full user name, after impersonation. The name
	// system:serviceaccount:NAMESPACE:* stands for all service accounts of a
	// namespace: no account can be called *. Everyone stands for all clients.
	User string
	// Verb is the Kubernetes request verb (list, get, create, ...), several in
	// order with commas between, or * for all. A string, so that clients compare.
	Verb string
	// Group and Resource name what is asked for; Resource may carry a
	// subresource as in pods/status. Both are empty for other paths, and both are *
	// for all resources of either scope.
	Group, Resource string
	// Namespaced is true for requests within a namespace, false for requests
	// over the whole cluster or on cluster-scoped resources.
	Namespaced bool
	// Path is set for requests that are not for a resource.
	Path string
}

// String is the client in words, as people read it in reasons.
func (c Client) String() string {
	user := c.User
	if namespace, ok := c.GroupOf(); ok {
		user = "the group of service accounts of namespace " + namespace
	} else if c.User == Everyone {
		user = "all clients together"
	}
	verbs := strings.ReplaceAll(c.Verb, ",", "/")
	switch c.Resource {
	case "":
		return fmt.Sprintf("%s (%s %s)", user, verbs, c.Path)
	case All:
		return fmt.Sprintf("%s (%s)", user, whole(verbs))
	}
	resource := c.Resource
	if c.Group != "" {
		resource += "." + c.Group
	}
	scope := "cluster-wide"
	if c.Namespaced {
		scope = "by namespace"
	}
	return fmt.Sprintf("%s (%s %s, %s)", user, verbs, resource, scope)
}

// whole is all resources in words.
func whole(verbs string) string {
	if verbs == All {
		return "all requests for resources"
	}
	return verbs + " of all resources"
}

// JailPrefix begins the name of every sentence's objects.
const JailPrefix = "evenkeel-jail-"

// SentenceName is the stable name of the objects that jail the client: the same
// client has the same name in every tenant and after every restart.
func (c Client) SentenceName() string {
	h := fnv.New64a()
	for _, part := range []string{c.User, c.Verb, c.Group, c.Resource, strconv.FormatBool(c.Namespaced), c.Path} {
		_, _ = h.Write([]byte(part))
		_, _ = h.Write([]byte{0})
	}
	return fmt.Sprintf("%s%012x", JailPrefix, h.Sum64()&0xffffffffffff)
}

// ServiceAccount splits the user name of a service account; ok is false for
// other users.
func (c Client) ServiceAccount() (namespace, name string, ok bool) {
	rest, ok := strings.CutPrefix(c.User, "system:serviceaccount:")
	if !ok {
		return "", "", false
	}
	namespace, name, ok = strings.Cut(rest, ":")
	return namespace, name, ok && namespace != "" && name != ""
}
