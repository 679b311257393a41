// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package resize

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// writeWithin bounds one order, the reads before and after it included.
	writeWithin = 5 * time.Second
	// tries bounds how often an order is judged anew because the pod has changed
	// between read and write: a kubelet writes its status now and then.
	tries = 3
)

// Order is one container of one pod and what it is to request.
type Order struct {
	Pod types.NamespacedName
	// UID is the pod's that was decided about: another of the same name is left alone.
	UID       types.UID
	Container string
	Size      Size
	Values    Values
	// Restarts is whether the container may restart for it, by its own policy.
	Restarts bool
}

// Done is what became of an order.
type Done struct {
	// Written is false when the spec held what was asked for already.
	Written bool
	// Capped says what was not written as asked, a line each.
	Capped []string
	// Has is the container as it was read back. The node's part of it is of that
	// moment: it follows in its own time.
	Has plane.ContainerSize
}

// Write carries out an order and says what went wrong; nil when nothing did. reader must
// read the API itself: a cache may be behind the write that it is to confirm. All that
// makes a write unsafe is judged on the pod that is written, and refused before.
func Write(ctx context.Context, reader client.Reader, writer client.SubResourceClientConstructor, o Order) (Done, *plane.Fault) {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	if unfit := o.Size.fault(); unfit != "" {
		return Done{}, o.fault(v1alpha1.ReasonResizeRefused, "not written: %s", unfit)
	}
	var fault *plane.Fault
	for range tries {
		done, again, f := o.once(ctx, reader, writer)
		if fault = f; !again {
			return done, fault
		}
	}
	return Done{}, fault
}

// once is one try; again tells that the pod has changed meanwhile.
func (o Order) once(ctx context.Context, reader client.Reader, writer client.SubResourceClientConstructor) (done Done, again bool, fault *plane.Fault) {
	pod, fault := o.read(ctx, reader)
	if fault != nil {
		return Done{}, false, fault
	}
	i := find(pod, o.Container)
	if i < 0 {
		return Done{}, false, absent(pod, o.Container)
	}
	t := o.Size.target(pod.Spec.Containers[i].Resources, o.Values)
	to, same := t.onto(pod.Spec.Containers[i].Resources)
	if same {
		return Done{Capped: t.capped, Has: Look(pod, o.Container)}, false, nil
	}
	if fault := o.refuse(pod, i, to); fault != nil {
		return Done{}, false, fault
	}
	patch, err := o.patch(pod, t)
	if err != nil {
		return Done{}, false, o.fault(v1alpha1.ReasonWriteFailed, "%v", err)
	}
	object := &corev1.Pod{}
	object.Namespace, object.Name = o.Pod.Namespace, o.Pod.Name
	err = writer.SubResource("resize").Patch(ctx, object, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(v1alpha1.FieldManager))
	if err != nil {
		return Done{}, apierrors.IsConflict(err), o.faultOf(err)
	}
	has, fault := o.readBack(ctx, reader, t)
	return Done{Written: true, Capped: t.capped, Has: has}, false, fault
}

// read is the pod that was meant.
func (o Order) read(ctx context.Context, reader client.Reader) (*corev1.Pod, *plane.Fault) {
	pod := &corev1.Pod{}
	switch err := reader.Get(ctx, o.Pod, pod); {
	case apierrors.IsNotFound(err):
		return nil, o.fault(v1alpha1.ReasonTargetNotFound, "the pod does not exist any more: its successor has its template's size until it is resized")
	case err != nil:
		return nil, o.fault(v1alpha1.ReasonWriteFailed, "reading the pod: %s", short(err))
	case pod.UID != o.UID:
		return nil, o.fault(v1alpha1.ReasonTargetNotFound, "the pod has been replaced: its UID is %s and was %s when this was decided", pod.UID, o.UID)
	default:
		return pod, nil
	}
}

// patch holds the one container and the preconditions.
func (o Order) patch(pod *corev1.Pod, t target) ([]byte, error) {
	r := map[string]corev1.ResourceList{"requests": t.requests}
	if len(t.limits) > 0 {
		r["limits"] = t.limits
	}
	raw, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": pod.UID, "resourceVersion": pod.ResourceVersion},
		"spec":     map[string]any{"containers": []any{map[string]any{"name": o.Container, "resources": r}}},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the patch: %w", err)
	}
	return raw, nil
}

// readBack makes sure that the API holds what was asked for: an admission webhook may
// have had its way, or somebody else has written since.
func (o Order) readBack(ctx context.Context, reader client.Reader, t target) (plane.ContainerSize, *plane.Fault) {
	pod, fault := o.read(ctx, reader)
	if fault != nil {
		return plane.ContainerSize{}, o.fault(v1alpha1.ReasonNotReadBack, "written, and not read back: %s", fault.Message)
	}
	has := Look(pod, o.Container)
	if has.Fault != nil {
		return has, o.fault(v1alpha1.ReasonNotReadBack, "written, and not read back: %s", has.Fault.Message)
	}
	if _, same := t.onto(pod.Spec.Containers[find(pod, o.Container)].Resources); !same {
		return has, o.fault(v1alpha1.ReasonNotReadBack,
			"written, but the pod requests %s: an admission webhook or another autoscaler has changed it; let one of them size this container", has.Requested)
	}
	return has, nil
}
