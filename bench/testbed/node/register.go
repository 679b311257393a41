// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
)

// registerEvery is how often registering is tried.
const registerEvery = 500 * time.Millisecond

// register creates the Node, or takes over the one of this name. The API server
// may not be ready for it yet: it is tried again until ctx ends.
func (a *Agent) register(ctx context.Context) (*corev1.Node, error) {
	var registered *corev1.Node
	var last error
	err := wait.PollUntilContextCancel(ctx, registerEvery, true, func(ctx context.Context) (bool, error) {
		registered, last = a.registerOnce(ctx)
		return last == nil, nil
	})
	if err != nil {
		return nil, fmt.Errorf("registering: %w (the latest attempt: %w)", err, last)
	}
	return registered, nil
}

func (a *Agent) registerOnce(ctx context.Context) (*corev1.Node, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	now := metav1.NewTime(a.clock.Now())
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: a.o.Name, Labels: a.labels()},
		Status:     a.status(corev1.NodeStatus{}, now, ready),
	}
	created, err := a.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err == nil {
		return created, nil
	}
	if !apierrors.IsAlreadyExists(err) {
		return nil, err
	}
	there, err := a.client.CoreV1().Nodes().Get(ctx, a.o.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if there.Labels == nil {
		there.Labels = map[string]string{}
	}
	maps.Copy(there.Labels, a.labels())
	if there, err = a.client.CoreV1().Nodes().Update(ctx, there, metav1.UpdateOptions{}); err != nil {
		return nil, err
	}
	return there, a.postStatus(ctx, ready)
}

func (a *Agent) labels() map[string]string {
	return map[string]string{
		corev1.LabelHostname:     a.o.Name,
		corev1.LabelTopologyZone: a.o.Zone,
		corev1.LabelOSStable:     runtime.GOOS,
		corev1.LabelArchStable:   runtime.GOARCH,
	}
}

// readiness is the Ready condition's content.
type readiness struct {
	status          corev1.ConditionStatus
	reason, message string
}

var (
	ready        = readiness{corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"}
	shuttingDown = readiness{corev1.ConditionFalse, "KubeletNotReady", "node is shutting down"}
)

// status is the node's status that follows old.
func (a *Agent) status(old corev1.NodeStatus, now metav1.Time, r readiness) corev1.NodeStatus {
	s := *old.DeepCopy()
	s.Capacity, s.Allocatable = a.o.capacity(), a.o.capacity()
	s.Addresses = []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: a.o.Address.String()},
		{Type: corev1.NodeHostName, Address: a.o.Name},
	}
	s.DaemonEndpoints.KubeletEndpoint.Port = int32(a.server.Port()) //nolint:gosec // a port
	s.NodeInfo.KubeletVersion, s.NodeInfo.OperatingSystem, s.NodeInfo.Architecture = kubeletVersion, runtime.GOOS, runtime.GOARCH
	s.NodeInfo.ContainerRuntimeVersion = "local://1"
	conditions := []corev1.NodeCondition{
		{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientMemory", Message: "kubelet has sufficient memory available"},
		{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasNoDiskPressure", Message: "kubelet has no disk pressure"},
		{Type: corev1.NodePIDPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientPID", Message: "kubelet has sufficient PID available"},
		{Type: corev1.NodeReady, Status: r.status, Reason: r.reason, Message: r.message},
	}
	for i := range conditions {
		c := &conditions[i]
		c.LastHeartbeatTime, c.LastTransitionTime = now, now
		for _, before := range old.Conditions {
			if before.Type == c.Type && before.Status == c.Status {
				c.LastTransitionTime = before.LastTransitionTime
			}
		}
	}
	s.Conditions = conditions
	return s
}

// postStatus writes the node's status.
func (a *Agent) postStatus(ctx context.Context, r readiness) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	there, err := a.client.CoreV1().Nodes().Get(ctx, a.o.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading Node %s: %w", a.o.Name, err)
	}
	status := a.status(there.Status, metav1.NewTime(a.clock.Now()), r)
	patch, err := json.Marshal(map[string]any{"status": map[string]any{
		"capacity": status.Capacity, "allocatable": status.Allocatable, "addresses": status.Addresses,
		"daemonEndpoints": status.DaemonEndpoints, "nodeInfo": status.NodeInfo, "conditions": status.Conditions,
	}})
	if err != nil {
		return fmt.Errorf("encoding the status of Node %s: %w", a.o.Name, err)
	}
	_, err = a.client.CoreV1().Nodes().Patch(ctx, a.o.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("writing the status of Node %s: %w", a.o.Name, err)
	}
	return nil
}
