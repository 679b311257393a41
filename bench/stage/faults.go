// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"
	"syscall"

	"evenkeel.dev/evenkeel/bench/testbed/node"
)

// Node is the name of the node in a zone.
func Node(zone string) string { return "node-" + zone }

// Zones are the names of the zones, each with a node.
func Zones() []string { return append([]string(nil), zones...) }

// Cut is a power cut in a zone: its node and all that runs on it is killed at once, and
// nobody is told.
func (st *Stage) Cut(zone string) error {
	i, err := st.find(Node(zone))
	if err != nil {
		return err
	}
	st.Nodes[i].Kill()
	return nil
}

// Return starts the node of a zone that was cut, on its old folder: volumes are as they
// were left, and pods that are still bound to it start again.
func (st *Stage) Return(ctx context.Context, zone string) error {
	i, err := st.find(Node(zone))
	if err != nil {
		return err
	}
	agent, err := node.Start(ctx, st.nodes[i])
	if err != nil {
		return fmt.Errorf("having zone %s return: %w", zone, err)
	}
	st.Nodes[i] = agent
	return nil
}

// KillPod kills what runs of a pod on a node, with SIGKILL.
func (st *Stage) KillPod(nodeName, namespace, name string) error {
	i, err := st.find(nodeName)
	if err != nil {
		return err
	}
	return st.Nodes[i].KillPod(namespace, name)
}

// SignalPod sends a signal to what runs of a pod on a node.
func (st *Stage) SignalPod(nodeName, namespace, name string, signal syscall.Signal) error {
	i, err := st.find(nodeName)
	if err != nil {
		return err
	}
	return st.Nodes[i].SignalPod(namespace, name, signal)
}

// SetImage has an image stand for another command on every node, as node.Agent's.
func (st *Stage) SetImage(name string, command ...string) {
	for _, n := range st.Nodes {
		n.SetImage(name, command...)
	}
}

func (st *Stage) find(name string) (int, error) {
	for i := range st.nodes {
		if st.nodes[i].Name == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("there is no node %q on the stage", name)
}
