// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package resize_test

import (
	"context"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/hosttest"
	"evenkeel.dev/evenkeel/operator/actuate/resize"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const mib = 1 << 20

// order is 1.1 cores and 700 MiB and a byte for the container main of a pod.
func order(pod *corev1.Pod) resize.Order {
	return resize.Order{
		Pod: client.ObjectKeyFromObject(pod), UID: pod.UID, Container: "main",
		Size: resize.Size{CPU: 1.1, Memory: 700*mib + 1}, Values: resize.RequestsOnly,
	}
}

func write(t *testing.T, h *hosttest.Host, o resize.Order) resize.Done {
	t.Helper()
	done, fault := resize.Write(t.Context(), h, h, o)
	if fault != nil {
		t.Fatalf("fault %+v", *fault)
	}
	return done
}

func wantFault(t *testing.T, f *plane.Fault, reason string, words ...string) {
	t.Helper()
	if f == nil {
		t.Fatalf("no fault, want %s", reason)
	}
	if f.Reason != reason {
		t.Errorf("the fault is %s (%s), want %s", f.Reason, f.Message, reason)
	}
	for _, w := range words {
		if !strings.Contains(f.Message, w) {
			t.Errorf("the fault does not say %q: %s", w, f.Message)
		}
	}
}

// has reads a pod's resources as text, container by container.
func has(t *testing.T, h *hosttest.Host, pod *corev1.Pod) map[string]string {
	t.Helper()
	var now corev1.Pod
	if err := h.Get(t.Context(), client.ObjectKeyFromObject(pod), &now); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, c := range now.Spec.Containers {
		all[c.Name] = text(c.Resources.Requests) + " of " + text(c.Resources.Limits)
	}
	return all
}

func text(l corev1.ResourceList) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(l)) {
		q := l[name]
		parts = append(parts, q.String())
	}
	return strings.Join(parts, "/")
}

// What is accepted, on a real API, and what the pod then holds.
func TestWritten(t *testing.T) {
	for name, c := range map[string]struct {
		is     corev1.ResourceRequirements
		change func(*resize.Order)
		want   string
		capped string
	}{
		"requests alone":                 {is: hosttest.Requests("500m", "512Mi"), want: "1100m/701Mi of "},
		"requests below their limits":    {is: hosttest.Limited("500m", "512Mi", "4", "2Gi"), want: "1100m/701Mi of 4/2Gi"},
		"requests at their limits":       {is: hosttest.Limited("500m", "512Mi", "1", "2Gi"), want: "1/701Mi of 1/2Gi", capped: "cpu is capped at the container's limit: 1100m were asked for, the limit is 1"},
		"limits follow in proportion":    {is: hosttest.Limited("500m", "512Mi", "1", "1Gi"), change: both, want: "1100m/701Mi of 2200m/1402Mi"},
		"limits where there are some":    {is: hosttest.Limited("500m", "512Mi", "", "1Gi"), change: both, want: "1100m/701Mi of 1402Mi"},
		"guaranteed, both":               {is: hosttest.Limited("500m", "512Mi", "500m", "512Mi"), change: both, want: "1100m/701Mi of 1100m/701Mi"},
		"CPU alone":                      {is: hosttest.Requests("500m", "512Mi"), change: func(o *resize.Order) { o.Size.Memory = 0 }, want: "1100m/512Mi of "},
		"memory alone":                   {is: hosttest.Requests("500m", "512Mi"), change: func(o *resize.Order) { o.Size.CPU = 0 }, want: "500m/701Mi of "},
		"less than there was":            {is: hosttest.Requests("3", "4Gi"), want: "1100m/701Mi of "},
		"a resource that was not there":  {is: hosttest.Requests("500m", ""), want: "1100m/701Mi of "},
		"the smallest that there is":     {is: hosttest.Requests("500m", "512Mi"), change: func(o *resize.Order) { o.Size = resize.Size{CPU: 1e-9, Memory: 1} }, want: "1m/1Mi of "},
		"no rounding up of what is even": {is: hosttest.Requests("500m", "512Mi"), change: func(o *resize.Order) { o.Size = resize.Size{CPU: 0.3, Memory: 256 * mib} }, want: "300m/256Mi of "},
	} {
		t.Run(name, func(t *testing.T) {
			h := hosttest.New(t)
			pod := h.Pod("kube-apiserver-0", c.is)
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "sidecar", Image: "example.test/sidecar", Resources: hosttest.Requests("10m", "20Mi")})
			if strings.HasPrefix(name, "guaranteed") {
				pod.Spec.Containers = pod.Spec.Containers[:1]
			}
			h.Run(t, pod)
			o := order(pod)
			if c.change != nil {
				c.change(&o)
			}
			done := write(t, h, o)
			got := has(t, h, pod)
			if got["main"] != c.want || len(got) == 2 && got["sidecar"] != "10m/20Mi of " {
				t.Errorf("the pod has %v, want main with %q", got, c.want)
			}
			if !done.Written || strings.Join(done.Capped, "\n") != c.capped || done.Has.Resize.State != plane.ResizeInProgress || done.Has.Allocated == done.Has.Requested {
				t.Errorf("done %+v", done)
			}
			if again := write(t, h, o); again.Written {
				t.Errorf("written once more: %+v", again)
			}
		})
	}
}

func both(o *resize.Order) { o.Values = resize.RequestsAndLimits }

// The manager of the fields is Evenkeel, of these fields and of no others.
func TestTheFieldsAreEvenkeels(t *testing.T) {
	h := hosttest.New(t)
	pod := h.Pod("etcd-0", hosttest.Requests("500m", "512Mi"))
	h.Run(t, pod)
	write(t, h, order(pod))
	var now corev1.Pod
	if err := h.Get(t.Context(), client.ObjectKeyFromObject(pod), &now); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(now.ManagedFields, func(e metav1.ManagedFieldsEntry) bool { return e.Manager == v1alpha1.FieldManager })
	if i < 0 || now.ManagedFields[i].Subresource != "resize" {
		t.Fatalf("managed fields %+v", now.ManagedFields)
	}
	want := `{"f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{"f:resources":{"f:requests":{"f:cpu":{},"f:memory":{}}}}}}}`
	if got := string(now.ManagedFields[i].FieldsV1.GetRawBytes()); got != want {
		t.Errorf("Evenkeel manages %s, want %s", got, want)
	}
}

// What is refused before anything is written, and what the pod then still holds.
func TestRefused(t *testing.T) {
	restart := func(name corev1.ResourceName) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Containers[0].ResizePolicy = []corev1.ContainerResizePolicy{{ResourceName: name, RestartPolicy: corev1.RestartContainer}}
		}
	}
	requests := hosttest.Requests("500m", "512Mi")
	for name, c := range map[string]struct {
		is     corev1.ResourceRequirements
		pod    func(*corev1.Pod)
		change func(*resize.Order)
		reason string
		words  string
	}{
		"guaranteed, requests alone":   {is: hosttest.Limited("2", "2Gi", "2", "2Gi"), words: "the pod would be Burstable and no longer Guaranteed"},
		"best effort":                  {words: "the pod would be Burstable and no longer BestEffort"},
		"would be guaranteed":          {is: hosttest.Limited("500m", "512Mi", "1100m", "701Mi"), words: "the pod would be Guaranteed and no longer Burstable"},
		"would restart for CPU":        {is: requests, pod: restart(corev1.ResourceCPU), words: "restarts the container for other cpu"},
		"would restart for memory":     {is: requests, pod: restart(corev1.ResourceMemory), words: "restarts the container for other memory"},
		"a static pod":                 {is: requests, pod: func(p *corev1.Pod) { p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"} }, words: "static pod"},
		"another of the same name":     {is: requests, change: func(o *resize.Order) { o.UID = "another" }, reason: v1alpha1.ReasonTargetNotFound, words: "the pod has been replaced"},
		"a container that is not":      {is: requests, change: func(o *resize.Order) { o.Container = "etcd" }, reason: v1alpha1.ReasonTargetInvalid, words: "has no container named etcd"},
		"a pod that is not":            {is: requests, change: func(o *resize.Order) { o.Pod.Name = "gone" }, reason: v1alpha1.ReasonTargetNotFound, words: "does not exist any more"},
		"not a number":                 {is: requests, change: func(o *resize.Order) { o.Size.CPU = math.NaN() }, words: "NaN cores are no request"},
		"negative":                     {is: requests, change: func(o *resize.Order) { o.Size.Memory = -1 }, words: "-1 bytes are no request"},
		"without end":                  {is: requests, change: func(o *resize.Order) { o.Size.Memory = math.Inf(1) }, words: "+Inf bytes are no request"},
		"nothing":                      {is: requests, change: func(o *resize.Order) { o.Size = resize.Size{} }, words: "it asks for nothing"},
		"a limit that is none at all":  {is: hosttest.Limited("", "512Mi", "0", "1Gi"), words: "its limit of 0 cpu is below the request of 1100m"},
		"a pod with resources its own": {is: requests, pod: func(p *corev1.Pod) { p.Spec.Resources = &corev1.ResourceRequirements{Requests: requests.Requests} }, words: "the pod has resources of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			h := hosttest.New(t)
			pod := h.Pod("kube-apiserver-0", c.is)
			if c.pod != nil {
				c.pod(pod)
			}
			mirror := pod.Annotations
			pod.Annotations = nil
			h.Run(t, pod)
			if mirror != nil { // only a node may create one: what matters here is what is read
				h = &hosttest.Host{Client: marked{h.Client, mirror}, Namespace: h.Namespace}
			}
			o := order(pod)
			if c.change != nil {
				c.change(&o)
			}
			before := has(t, h, pod)
			_, fault := resize.Write(t.Context(), h, h, o)
			if c.reason == "" {
				c.reason = v1alpha1.ReasonResizeRefused
			}
			wantFault(t, fault, c.reason, c.words)
			if after := has(t, h, pod); !maps.Equal(before, after) {
				t.Errorf("the pod has %v, had %v", after, before)
			}
		})
	}
}

// marked reads pods with annotations that only a node may write.
type marked struct {
	client.Client
	annotations map[string]string
}

func (m marked) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	err := m.Client.Get(ctx, key, o, opts...)
	o.SetAnnotations(m.annotations)
	return err
}

// A policy that restarts the container for other memory does not keep CPU from it.
func TestCPUWhereMemoryRestarts(t *testing.T) {
	h := hosttest.New(t)
	pod := h.Pod("kube-apiserver-0", hosttest.Requests("500m", "512Mi"))
	pod.Spec.Containers[0].ResizePolicy = []corev1.ContainerResizePolicy{{ResourceName: corev1.ResourceMemory, RestartPolicy: corev1.RestartContainer}}
	h.Run(t, pod)
	o := order(pod)
	o.Size.Memory = 0
	if write(t, h, o); has(t, h, pod)["main"] != "1100m/512Mi of " {
		t.Errorf("the pod has %v", has(t, h, pod))
	}
}

// What the API itself answers.
func TestTheAPIRefuses(t *testing.T) {
	h := hosttest.New(t)
	pod := h.Pod("kube-apiserver-0", hosttest.Requests("500m", "512Mi"))
	h.Run(t, pod)
	reads := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}}

	t.Run("a user without the right", func(t *testing.T) {
		c := h.As(t, "onlooker", reads)
		_, fault := resize.Write(t.Context(), c, c, order(pod))
		wantFault(t, fault, v1alpha1.ReasonResizeDenied, "resizing container main of pod "+h.Namespace+"/kube-apiserver-0 to 1100m and 701Mi", `cannot patch resource "pods/resize"`, "manifests/rbac/operator.yaml")
	})
	t.Run("the right and no other", func(t *testing.T) {
		c := h.As(t, "resizer", reads, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods/resize"}, Verbs: []string{"patch"}})
		if _, fault := resize.Write(t.Context(), c, c, order(pod)); fault != nil {
			t.Errorf("fault %+v", *fault)
		}
	})
	t.Run("a server of before", func(t *testing.T) {
		for known, path := range map[string]string{"the server could not find": "/no-such", "does not allow this method": "/binding"} {
			old := h.Through(t, func(next http.RoundTripper) http.RoundTripper { return elsewhere{next, path} })
			o := order(pod)
			o.Size.CPU = 2
			_, fault := resize.Write(t.Context(), h, old, o)
			wantFault(t, fault, v1alpha1.ReasonResizeUnsupported, known, "no pods/resize")
		}
	})
	t.Run("a node of before", func(t *testing.T) {
		quiet := h.Pod("kube-apiserver-1", hosttest.Requests("500m", "512Mi"))
		h.Run(t, quiet)
		quiet.Status.ContainerStatuses[0].Resources = nil
		h.WriteStatus(t, quiet)
		_, fault := resize.Write(t.Context(), h, h, order(quiet))
		wantFault(t, fault, v1alpha1.ReasonResizeUnsupported, "Pod running on node without support for resize", "kubelet")
	})
	t.Run("a node that is too small", func(t *testing.T) {
		o := order(pod)
		o.Size.CPU = 17
		_, fault := resize.Write(t.Context(), h, h, o)
		wantFault(t, fault, v1alpha1.ReasonResizeInfeasible, "cpu, requested: 17000, allocatable: 16000", "larger node")
	})
	t.Run("a LimitRange", func(t *testing.T) {
		h := hosttest.New(t)
		pod := h.Pod("kube-apiserver-0", hosttest.Limited("500m", "512Mi", "1", "1Gi"))
		h.Run(t, pod)
		h.Create(t, &corev1.LimitRange{
			ObjectMeta: metav1.ObjectMeta{Namespace: h.Namespace, Name: "most"},
			Spec:       corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{Type: corev1.LimitTypeContainer, Max: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}}}},
		})
		o := order(pod)
		both(&o)
		_, fault := resize.Write(t.Context(), h, h, o)
		wantFault(t, fault, v1alpha1.ReasonResizeRefused, "maximum cpu usage per Container is 2", "LimitRange")
	})
}

// elsewhere sends a resize to a path that this server knows less of.
type elsewhere struct {
	next http.RoundTripper
	path string
}

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if before, is := strings.CutSuffix(r.URL.Path, "/resize"); is {
		r.URL.Path = before + e.path
	}
	return e.next.RoundTrip(r)
}

// rival writes to the pod with the real API before or after Evenkeel's own write.
type rival struct {
	client.Client
	before, after func()
}

func (r rival) SubResource(name string) client.SubResourceClient {
	return rivalry{r.Client.SubResource(name), r}
}

type rivalry struct {
	client.SubResourceClient
	rival rival
}

func (r rivalry) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
	if r.rival.before != nil {
		r.rival.before()
	}
	err := r.SubResourceClient.Patch(ctx, o, p, opts...)
	if r.rival.after != nil {
		r.rival.after()
	}
	return err
}

func TestSomebodyElseWritesToo(t *testing.T) {
	setup := func(t *testing.T) (*hosttest.Host, *corev1.Pod, func(patch string)) {
		t.Helper()
		h := hosttest.New(t)
		pod := h.Pod("kube-apiserver-0", hosttest.Requests("500m", "512Mi"))
		h.Run(t, pod)
		return h, pod, func(patch string) {
			o := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}}
			if err := h.SubResource("resize").Patch(t.Context(), o, client.RawPatch("application/strategic-merge-patch+json", []byte(patch))); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Run("after it: not read back", func(t *testing.T) {
		h, pod, put := setup(t)
		w := rival{Client: h.Client, after: func() {
			put(`{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"7"}}}]}}`)
		}}
		done, fault := resize.Write(t.Context(), h, w, order(pod))
		wantFault(t, fault, v1alpha1.ReasonNotReadBack, "the pod requests 7000m/701Mi")
		if !done.Written || done.Has.Requested.CPU != 7 {
			t.Errorf("done %+v", done)
		}
	})
	t.Run("before it, once: judged anew", func(t *testing.T) {
		h, pod, put := setup(t)
		times := 0
		w := rival{Client: h.Client, before: func() {
			if times++; times == 1 {
				put(`{"spec":{"containers":[{"name":"main","resources":{"limits":{"cpu":"1"}}}]}}`)
			}
		}}
		done, fault := resize.Write(t.Context(), h, w, order(pod))
		if fault != nil || times != 2 || len(done.Capped) != 1 || has(t, h, pod)["main"] != "1/701Mi of 1" {
			t.Errorf("after %d writes: fault %+v, done %+v, the pod has %v", times, fault, done, has(t, h, pod))
		}
	})
	t.Run("before it, each time: given up", func(t *testing.T) {
		h, pod, put := setup(t)
		cpu := []string{"1", "2"}
		w := rival{Client: h.Client, before: func() {
			put(`{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"` + cpu[0] + `"}}}]}}`)
			slices.Reverse(cpu)
		}}
		_, fault := resize.Write(t.Context(), h, w, order(pod))
		wantFault(t, fault, v1alpha1.ReasonWriteFailed, "the object has been modified", "tried again")
	})
	t.Run("another pod takes the name", func(t *testing.T) {
		h, pod, _ := setup(t)
		successor := h.Pod("kube-apiserver-0", hosttest.Requests("500m", "512Mi"))
		times := 0
		w := rival{Client: h.Client, before: func() {
			if times++; times > 1 {
				return
			}
			if err := h.Delete(t.Context(), pod, client.GracePeriodSeconds(0)); err != nil {
				t.Fatal(err)
			}
			h.Run(t, successor)
		}}
		_, fault := resize.Write(t.Context(), h, w, order(pod))
		wantFault(t, fault, v1alpha1.ReasonTargetNotFound, "the pod has been replaced")
		if has(t, h, successor)["main"] != "500m/512Mi of " {
			t.Errorf("the successor has %v", has(t, h, successor))
		}
	})
}
