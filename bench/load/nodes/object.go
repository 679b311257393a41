// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The reasons and messages of a kubelet's node conditions.
var nodeConditions = []corev1.NodeCondition{
	{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientMemory", Message: "kubelet has sufficient memory available"},
	{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasNoDiskPressure", Message: "kubelet has no disk pressure"},
	{Type: corev1.NodePIDPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientPID", Message: "kubelet has sufficient PID available"},
	{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status"},
}

// newNodeObject is what a kubelet registers: a status with addresses, capacity,
// conditions, and the images that the node has, which are most of its size.
func newNodeObject(i int, name string, images int) *corev1.Node {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("16"), corev1.ResourceMemory: resource.MustParse("64Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("200Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	n := &corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
				corev1.LabelInstanceTypeStable: "standard-16", corev1.LabelTopologyZone: "zone-" + string(rune('a'+i%3)),
			},
			Annotations: map[string]string{"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
		},
		Spec: corev1.NodeSpec{ProviderID: "example:///" + name},
		Status: corev1.NodeStatus{
			Capacity: capacity, Allocatable: capacity, Conditions: conditionsAt(time.Now()),
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("10.%d.%d.%d", 64+i/65536, i/256%256, i%256)},
				{Type: corev1.NodeHostName, Address: name},
			},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: 10250}},
			NodeInfo: corev1.NodeSystemInfo{
				MachineID: fmt.Sprintf("%032x", i), SystemUUID: fmt.Sprintf("%032x", i+1), BootID: fmt.Sprintf("%032x", i+2),
				KernelVersion: "6.12.0", OSImage: "Linux", ContainerRuntimeVersion: "containerd://2.1.0",
				KubeletVersion: "v1.36.3", OperatingSystem: "linux", Architecture: "amd64",
			},
		},
	}
	for image := range images {
		repository := fmt.Sprintf("registry.example/platform/service-%02d", (i+image)%60)
		n.Status.Images = append(n.Status.Images, corev1.ContainerImage{
			Names:     []string{fmt.Sprintf("%s@sha256:%064x", repository, i+image), repository + ":v1.4.2"},
			SizeBytes: int64(40+image) << 20,
		})
	}
	return n
}

func conditionsAt(now time.Time) []corev1.NodeCondition {
	all := make([]corev1.NodeCondition, len(nodeConditions))
	for i, c := range nodeConditions {
		c.LastHeartbeatTime, c.LastTransitionTime = metav1.NewTime(now), metav1.NewTime(now)
		all[i] = c
	}
	return all
}

// statusPatch is a kubelet's report: the conditions, with the time of the heartbeat.
func statusPatch(now time.Time) []byte {
	var b []byte
	for i, c := range nodeConditions {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"type":%q,"status":%q,"reason":%q,"message":%q,"lastHeartbeatTime":%q}`,
			c.Type, c.Status, c.Reason, c.Message, now.UTC().Format(time.RFC3339))
	}
	return fmt.Appendf(nil, `{"status":{"conditions":[%s]}}`, b)
}

// runningPatch is a kubelet's report of a pod that has started.
func runningPatch(pod *corev1.Pod, i int, now time.Time) []byte {
	at := now.UTC().Format(time.RFC3339)
	ip := fmt.Sprintf("10.%d.%d.%d", 128+i/65536%64, i/256%256, i%256)
	conditions := make([]map[string]string, 0, 5)
	for _, kind := range []corev1.PodConditionType{
		corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled,
	} {
		conditions = append(conditions, map[string]string{"type": string(kind), "status": "True", "lastTransitionTime": at})
	}
	containers := make([]map[string]any, 0, len(pod.Spec.Containers))
	for _, c := range pod.Spec.Containers {
		containers = append(containers, map[string]any{
			"name": c.Name, "image": c.Image, "imageID": fmt.Sprintf("registry.example/image@sha256:%064x", i),
			"containerID": fmt.Sprintf("containerd://%064x", i), "ready": true, "started": true, "restartCount": 0,
			"state": map[string]any{"running": map[string]string{"startedAt": at}},
		})
	}
	raw, err := json.Marshal(map[string]any{"status": map[string]any{
		"phase": corev1.PodRunning, "startTime": at, "podIP": ip, "podIPs": []map[string]string{{"ip": ip}},
		"conditions": conditions, "containerStatuses": containers,
	}})
	if err != nil {
		panic(err) // strings, numbers and booleans: there is nothing that cannot be written
	}
	return raw
}
