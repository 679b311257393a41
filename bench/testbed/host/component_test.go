// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/bench/testbed/process"
)

// cluster is one without components.
func cluster(t *testing.T, logf func(string, ...any)) *Cluster {
	t.Helper()
	dir := t.TempDir()
	runner, err := process.NewRunner(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{options: Options{Dir: filepath.Join(dir, "host"), Runner: runner, Logf: logf}}
	if err := c.writePKI(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	return c
}

// script is a component that is a shell script; the health URL is not its own.
func script(source, health string) func([]int) ([]string, string) {
	return func(ports []int) ([]string, string) {
		return []string{"-c", source, "sh", strconv.Itoa(ports[0])}, health
	}
}

func answering(t *testing.T, status int) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(s.Close)
	return s.URL
}

func TestRunTakesAnotherPortWhenTheFirstIsTaken(t *testing.T) {
	c := cluster(t, t.Logf)
	var ports []int
	unwell := answering(t, http.StatusServiceUnavailable)
	well := answering(t, http.StatusOK)
	err := c.run(t.Context(), "etcd", "/bin/sh", 1, func(free []int) ([]string, string) {
		ports = append(ports, free[0])
		if len(ports) < 3 {
			return script("echo bind: address already in use >&2; exit 1", unwell)(free)
		}
		return script("exec sleep 60", well)(free)
	})
	if err != nil || len(ports) != 3 {
		t.Errorf("run = %v after the ports %v, want success on the third", err, ports)
	}
}

func TestRunShowsTheLogOfWhatEnds(t *testing.T) {
	c := cluster(t, t.Logf)
	err := c.run(t.Context(), "kube-scheduler", "/bin/sh", 1, script("echo no such flag; exit 7", answering(t, http.StatusServiceUnavailable)))
	for _, want := range []string{"starting the host cluster's kube-scheduler", "status 7", "no such flag"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("run = %v, want it to say %q", err, want)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	c := cluster(t, t.Logf)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := c.run(ctx, "etcd", "/bin/sh", 1, script("trap '' TERM; while :; do sleep 0.1; done", answering(t, http.StatusServiceUnavailable)))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "503") {
		t.Errorf("run = %v, want the context's error and the last answer", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s to give up", took)
	}
}

func TestAComponentThatEndsByItselfIsToldOf(t *testing.T) {
	said := make(chan string, 10)
	c := cluster(t, func(format string, _ ...any) { said <- format })
	if err := c.run(t.Context(), "etcd", "/bin/sh", 1, script("sleep 0.2", answering(t, http.StatusOK))); err != nil {
		t.Fatal(err)
	}
	for {
		select {
		case line := <-said:
			if strings.Contains(line, "broken") {
				return
			}
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was told")
		}
	}
}
