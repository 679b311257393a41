// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package process_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/bench/testbed/process"
)

func TestMain(m *testing.M) {
	process.MaybeShim()
	if dir := os.Getenv("START_ONE_IN"); dir != "" {
		startOne(dir)
		return
	}
	os.Exit(m.Run())
}

// startOne is a parent that starts a child, says its id and waits to be killed.
func startOne(dir string) {
	r, err := process.NewRunner(dir)
	if err != nil {
		panic(err)
	}
	p, err := r.Start(process.Spec{Name: "sleep", Argv: []string{"/bin/sleep", "300"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.PID())
	<-p.Done()
}

func TestKilledParentLeavesNoChild(t *testing.T) {
	parent := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this very test binary
	parent.Env = append(os.Environ(), "START_ONE_IN="+t.TempDir())
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	awaitGone(t, child)
}

func TestCleanEndsJournalledProcessesAndNoOthers(t *testing.T) {
	dir := t.TempDir()
	r := runner(t, dir)
	ours := start(t, r, process.Spec{Name: "sleep", Argv: []string{"/bin/sleep", "300"}})
	stranger := exec.CommandContext(t.Context(), "/bin/sleep", "300")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	// A journal line with a stranger's id and another start time: a recycled id.
	journal := filepath.Join(dir, "processes")
	raw, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	raw = append(raw, fmt.Sprintf("%d 12345\n", stranger.Process.Pid)...)
	if err := os.WriteFile(journal, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := process.Clean(dir); err != nil {
		t.Fatal(err)
	}
	<-ours.Done()
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("a process that was never started here was ended: %v", err)
	}
	_ = stranger.Process.Kill()
	_ = stranger.Wait()
}

func TestStopHasADeadline(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	deaf := start(t, runner(t, t.TempDir()), process.Spec{
		Name: "deaf", LogPath: log,
		Argv: []string{"/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"},
	})
	for deadline := time.Now().Add(10 * time.Second); process.Tail(log, 100) != "deaf"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the process did not start")
		}
	}
	if err := deaf.Stop(t.Context(), 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if code, signal, _ := deaf.Exit(); signal != "killed" || code != 137 {
		t.Errorf("ended with %d %q, want 137 killed", code, signal)
	}
}

func TestExitAndEnvironment(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p := start(t, runner(t, t.TempDir()), process.Spec{
		Name: "sh", LogPath: log, Env: []string{"GREETING=hello"}, Hostname: "kube-apiserver-x",
		Argv: []string{"/bin/sh", "-c", "echo $GREETING; cat /proc/sys/kernel/hostname; exit 3"},
	})
	<-p.Done()
	if code, _, err := p.Exit(); code != 3 || err != nil {
		t.Errorf("exit %d %v, want 3", code, err)
	}
	said := process.Tail(log, 1000)
	if !strings.HasPrefix(said, "hello\n") {
		t.Errorf("it said %q, want hello first", said)
	}
	if os.Geteuid() == 0 && !strings.HasSuffix(said, "kube-apiserver-x") {
		t.Errorf("it said %q, want its own host name last", said)
	}
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	_, err := runner(t, t.TempDir()).Start(process.Spec{Name: "etcd", Argv: []string{"/no/such/etcd"}})
	if err == nil || !strings.Contains(err.Error(), "starting etcd") {
		t.Errorf("Start = %v, want an error that names etcd", err)
	}
}

func runner(t *testing.T, dir string) *process.Runner {
	t.Helper()
	r, err := process.NewRunner(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func start(t *testing.T, r *process.Runner, s process.Spec) *process.Process {
	t.Helper()
	p, err := r.Start(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(context.Background(), 0) })
	return p
}

func awaitGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(raw), ") Z ") {
			return
		}
	}
	t.Errorf("process %d is still there", pid)
}
