// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
	"evenkeel.dev/evenkeel/bench/testbed/pki"
	"evenkeel.dev/evenkeel/bench/testbed/process"
)

const (
	// kubeletVersion is the release whose kubelet the agent stands in for.
	kubeletVersion = "v1.36.3"
	// mostPods is a kubelet's default.
	mostPods = 110
	// callTimeout bounds one request to the API server.
	callTimeout = 10 * time.Second
)

// Options are what a node is.
type Options struct {
	Name, Zone string
	// Address is the node's InternalIP.
	Address net.IP
	// PodCIDR is where pods get their addresses.
	PodCIDR netip.Prefix
	// CPU and Memory are the capacity that is shown; nothing checks that the
	// machine has them.
	CPU, Memory resource.Quantity
	// Dir is the node's folder: pods' volumes and logs.
	Dir string
	// Config is of the user system:node:<name>, group system:nodes.
	Config *rest.Config
	// Images are the local binaries, perhaps with first arguments, by image name
	// without tag.
	Images  map[string][]string
	Runner  *process.Runner
	Cgroups *cgroup.Manager
	// ServingPair is the HTTPS server's; clients' certificates are trusted when
	// ClientCA (PEM) signed them.
	ServingPair *pki.Pair
	ClientCA    []byte
	// Logf is for what has no place in the API; nil is silent.
	Logf func(string, ...any)
}

func (o *Options) complete() error {
	switch {
	case o.Name == "":
		return errors.New("the node has no name")
	case o.Config == nil, o.Runner == nil, o.Cgroups == nil, o.ServingPair == nil:
		return errors.New("a node needs Config, Runner, Cgroups and ServingPair")
	case o.Address.To4() == nil || !o.PodCIDR.Addr().Is4():
		return errors.New("the addresses of a node and its pods are IPv4")
	}
	absolute, err := filepath.Abs(o.Dir)
	if err != nil {
		return fmt.Errorf("finding the node's folder: %w", err)
	}
	o.Dir = absolute
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	return nil
}

// capacity is all that the node has; all of it can be allocated.
func (o *Options) capacity() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    o.CPU,
		corev1.ResourceMemory: o.Memory,
		corev1.ResourcePods:   *resource.NewQuantity(mostPods, resource.DecimalSI),
	}
}

// image is the local binary of an image, whose tag and digest do not matter.
func (o *Options) image(of string) ([]string, bool) {
	argv, ok := o.Images[imageName(of)]
	return argv, ok && len(argv) > 0
}

// imageName is an image's name without tag and digest.
func imageName(of string) string {
	name, _, _ := strings.Cut(of, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	return name
}
