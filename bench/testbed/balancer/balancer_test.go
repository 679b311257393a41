// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package balancer_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes/fake"

	"evenkeel.dev/evenkeel/bench/testbed/balancer"
)

const namespace = "tenant-test"

// world is a balancer before pods that answer with their name.
type world struct {
	*testing.T
	client *fake.Clientset
	b      *balancer.Balancer
	port   int
}

// newWorld finds a port that all pods can have, each at its own address.
func newWorld(t *testing.T) *world {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	w := &world{T: t, client: fake.NewClientset(), port: port}
	b, err := balancer.Start(t.Context(), balancer.Options{
		Client: w.client, Namespace: namespace, Selector: "app=api", Port: port, Listen: "127.0.0.1:0", Logf: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	w.b = b
	return w
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// serve lets a pod say its name, and then what it is told.
func (w *world) serve(name, address string) {
	l := listen(w.T, fmt.Sprintf("%s:%d", address, w.port))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				_, _ = fmt.Fprintln(c, name)
				_, _ = io.Copy(c, c)
			}()
		}
	}()
}

func (w *world) put(name, address string, ready bool, change ...func(*corev1.Pod)) {
	w.Helper()
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(name), Labels: map[string]string{"app": "api"}},
		Status: corev1.PodStatus{PodIP: address, Phase: corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}},
	}
	for _, c := range change {
		c(pod)
	}
	pods := w.client.CoreV1().Pods(namespace)
	_, err := pods.Update(w.Context(), pod, metav1.UpdateOptions{})
	if err != nil {
		_, err = pods.Create(w.Context(), pod, metav1.CreateOptions{})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// await waits for the balancer to see so many pods, so many of them ready.
func (w *world) await(all, ready int) {
	w.Helper()
	err := wait.PollUntilContextTimeout(w.Context(), 5*time.Millisecond, 5*time.Second, true, func(context.Context) (bool, error) {
		n := 0
		for _, b := range w.b.Backends() {
			if b.Ready {
				n++
			}
		}
		return len(w.b.Backends()) == all && n == ready, nil
	})
	if err != nil {
		w.Fatalf("waiting for %d pods, %d ready: %v: %+v", all, ready, err, w.b.Backends())
	}
}

// dial returns a connection and the name of the pod at its end; "" when it was
// closed at once.
func (w *world) dial() (net.Conn, *bufio.Reader, string) {
	w.Helper()
	var dialer net.Dialer
	c, err := dialer.DialContext(w.Context(), "tcp", w.b.Address())
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		w.Fatal(err)
	}
	r := bufio.NewReader(c)
	name, err := r.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
		w.Fatal(err)
	}
	return c, r, strings.TrimSpace(name)
}

func (w *world) counts() map[string]string {
	counts := map[string]string{}
	for _, b := range w.b.Backends() {
		counts[b.Name] = fmt.Sprintf("%d of %d", b.Open, b.Total)
	}
	return counts
}

func TestConnectionsAreSpreadOverReadyPods(t *testing.T) {
	w := newWorld(t)
	for i, name := range []string{"a", "b", "c", "starting"} {
		address := fmt.Sprintf("127.77.1.%d", i+1)
		w.serve(name, address)
		w.put(name, address, name != "starting")
	}
	w.await(4, 3)
	for range 12 {
		w.dial()
	}
	want := map[string]string{"a": "4 of 4", "b": "4 of 4", "c": "4 of 4", "starting": "0 of 0"}
	if diff := cmp.Diff(want, w.counts()); diff != "" {
		t.Error(diff)
	}
}

func TestTellsWhoCarriesAConnection(t *testing.T) {
	w := newWorld(t)
	w.serve("a", "127.77.6.1")
	w.serve("b", "127.77.6.2")
	w.put("a", "127.77.6.1", true)
	w.put("b", "127.77.6.2", true)
	w.await(2, 2)
	for range 4 {
		c, r, name := w.dial()
		if got := w.b.Carrier(c.LocalAddr().String()); got != name || name == "" {
			t.Errorf("%q is said to carry a connection that %q answers", got, name)
		}
		_ = c.(*net.TCPConn).CloseWrite()
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Fatal(err)
		}
		err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, 5*time.Second, true, func(context.Context) (bool, error) {
			return w.b.Carrier(c.LocalAddr().String()) == "", nil
		})
		if err != nil {
			t.Errorf("a connection that has ended is still said to be carried by %q", name)
		}
	}
}

func TestCarriesBothWaysAndHalfCloses(t *testing.T) {
	w := newWorld(t)
	w.serve("a", "127.77.2.1")
	w.put("a", "127.77.2.1", true)
	w.await(1, 1)
	c, r, _ := w.dial()
	message := strings.Repeat("x", 1<<20)
	go func() {
		_, _ = io.WriteString(c, message)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	back, err := io.ReadAll(r)
	if err != nil || string(back) != message {
		t.Errorf("%d bytes came back of %d: %v", len(back), len(message), err)
	}
}

func TestFollowsPods(t *testing.T) {
	w := newWorld(t)
	if _, _, name := w.dial(); name != "" {
		t.Errorf("%q answered, and there are no pods", name)
	}
	w.serve("a", "127.77.3.1")
	w.serve("b", "127.77.3.2")
	w.put("a", "127.77.3.1", true)
	w.await(1, 1)
	old, r, _ := w.dial()
	w.put("b", "127.77.3.2", true)
	w.await(2, 2)

	now := metav1.Now()
	w.put("a", "127.77.3.1", true, func(p *corev1.Pod) { p.DeletionTimestamp = &now; p.Finalizers = []string{"kept/here"} })
	w.await(2, 1)
	for range 4 {
		if _, _, name := w.dial(); name != "b" {
			t.Errorf("a new connection went to %q, but only b takes new ones", name)
		}
	}
	if _, err := fmt.Fprintln(old, "still here"); err != nil {
		t.Fatal(err)
	}
	if line, err := r.ReadString('\n'); line != "still here\n" {
		t.Errorf("a pod that shuts down lost a connection early: %q, %v", line, err)
	}

	if err := w.client.CoreV1().Pods(namespace).Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.await(1, 1)
	if _, err := r.ReadString('\n'); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("the connection to a pod that is gone was not closed: %v", err)
	}
}

func TestPassesOverAPodThatDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	w.serve("a", "127.77.4.1")
	w.put("a", "127.77.4.1", true)
	w.put("dead", "127.77.4.2", true) // ready, says its status, but nobody listens
	w.await(2, 2)
	for range 4 {
		if _, _, name := w.dial(); name != "a" {
			t.Errorf("a connection went to %q", name)
		}
	}
	want := map[string]string{"a": "4 of 4", "dead": "0 of 0"}
	if diff := cmp.Diff(want, w.counts()); diff != "" {
		t.Error(diff)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	w := newWorld(t)
	w.serve("a", "127.77.5.1")
	w.put("a", "127.77.5.1", true)
	w.await(1, 1)
	_, r, _ := w.dial()
	if err := w.b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadByte(); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("a connection outlived the balancer: %v", err)
	}
	var dialer net.Dialer
	if c, err := dialer.DialContext(t.Context(), "tcp", w.b.Address()); err == nil {
		_ = c.Close()
		t.Error("the balancer still listens")
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	_, err := balancer.Start(t.Context(), balancer.Options{Client: fake.NewClientset(), Namespace: namespace, Listen: l.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "starting the balancer of tenant-test: listen tcp") {
		t.Errorf("err = %v", err)
	}
}
