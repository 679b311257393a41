// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/plane"
)

func TestCeiling(t *testing.T) {
	for _, c := range []struct {
		args string
		want int
	}{
		{"kube-apiserver", 600},
		{"kube-apiserver --max-requests-inflight=300", 500},
		{"kube-apiserver --max-requests-inflight 300 --max-mutating-requests-inflight 150", 450},
		{"kube-apiserver --max-requests-inflight=300 --max-requests-inflight=100", 300},
		{"kube-apiserver --max_requests_inflight=300 --max_mutating_requests_inflight 150", 450},
		{"kube-apiserver --max-mutating-requests-inflight=0", 400},
		// Unknown: switched off, unreadable, or out of sight.
		{"kube-apiserver --max-requests-inflight=0 --max-mutating-requests-inflight=0", 0},
		{"kube-apiserver --max-requests-inflight=many", 0},
		{"kube-apiserver --max-requests-inflight=$(INFLIGHT)", 0},
		{"kube-apiserver --max-requests-inflight=-1", 0},
		{"kube-apiserver --max-requests-inflight", 600},
	} {
		if got := Ceiling(strings.Fields(c.args)); got != c.want {
			t.Errorf("ceiling of %q is %d, want %d", c.args, got, c.want)
		}
	}
	for _, shell := range []string{
		"exec kube-apiserver --max-requests-inflight=100", "kube-apiserver --v=2 --max_mutating_requests_inflight=1",
	} {
		if got := Ceiling([]string{"sh", "-c", shell}); got != 0 {
			t.Errorf("ceiling of a shell's %q is %d, want 0, unknown", shell, got)
		}
	}
}

// container runs a command with arguments, each given as words.
func container(command, args string) *corev1.Container {
	return &corev1.Container{Name: "kube-apiserver", Command: strings.Fields(command), Args: strings.Fields(args)}
}

// What stands there is changed where it stands, and what is missing is appended. To put
// back what was there leaves the container as it was.
func TestFlagsAreChangedWhereTheyStand(t *testing.T) {
	for _, c := range []struct{ name, command, args, wantCommand, wantArgs string }{
		{
			"with =", "kube-apiserver", "--v=2 --max-requests-inflight=400 --max-mutating-requests-inflight=200 --port=1",
			"kube-apiserver", "--v=2 --max-requests-inflight=600 --max-mutating-requests-inflight=300 --port=1",
		},
		{
			"with a blank", "kube-apiserver", "--max-requests-inflight 400 --max-mutating-requests-inflight 200 --v 2",
			"kube-apiserver", "--max-requests-inflight 600 --max-mutating-requests-inflight 300 --v 2",
		},
		{
			"both forms", "kube-apiserver", "--max-requests-inflight 400 --max-mutating-requests-inflight=200",
			"kube-apiserver", "--max-requests-inflight 600 --max-mutating-requests-inflight=300",
		},
		{
			"in the command", "kube-apiserver --max-requests-inflight=400 --max-mutating-requests-inflight 200", "",
			"kube-apiserver --max-requests-inflight=600 --max-mutating-requests-inflight 300", "",
		},
		{
			"between command and arguments", "kube-apiserver --max-mutating-requests-inflight=200 --max-requests-inflight", "400 --v=2",
			"kube-apiserver --max-mutating-requests-inflight=300 --max-requests-inflight", "600 --v=2",
		},
		{
			"one in each", "kube-apiserver --max-requests-inflight=400", "--max-mutating-requests-inflight=200",
			"kube-apiserver --max-requests-inflight=600", "--max-mutating-requests-inflight=300",
		},
		{"none", "kube-apiserver", "--v=2", "kube-apiserver", "--v=2 --max-requests-inflight=600 --max-mutating-requests-inflight=300"},
		{"none, all in the command", "kube-apiserver --v=2", "", "kube-apiserver --v=2", "--max-requests-inflight=600 --max-mutating-requests-inflight=300"},
		{"none, and the image's own command", "", "--v=2", "", "--v=2 --max-requests-inflight=600 --max-mutating-requests-inflight=300"},
		{"one missing", "kube-apiserver", "--max-requests-inflight=400 --v=2", "kube-apiserver", "--max-requests-inflight=600 --v=2 --max-mutating-requests-inflight=300"},
		{
			"twice: the last counts", "kube-apiserver --max-requests-inflight=1000", "--max-requests-inflight=400 --max-mutating-requests-inflight=7 --max-mutating-requests-inflight 200",
			"kube-apiserver --max-requests-inflight=1000", "--max-requests-inflight=600 --max-mutating-requests-inflight=7 --max-mutating-requests-inflight 300",
		},
		{
			"with underscores", "kube-apiserver", "--max_requests_inflight=400 --max_mutating_requests_inflight 200",
			"kube-apiserver", "--max_requests_inflight=600 --max_mutating_requests_inflight 300",
		},
		{
			"beside a flag that begins alike", "kube-apiserver", "--max-requests-inflight-burst=9 --max-requests-inflight=400 --max-mutating-requests-inflight=200",
			"kube-apiserver", "--max-requests-inflight-burst=9 --max-requests-inflight=600 --max-mutating-requests-inflight=300",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := container(c.command, c.args)
			had, flags, err := read(is)
			if err != nil || flags != (plane.Flags{Reading: 400, Mutating: 200}) {
				t.Fatalf("read %+v, %v; want 400 and 200", flags, err)
			}
			textsFor(plane.Flags{Reading: 600, Mutating: 300}).put(is)
			if diff := cmp.Diff(container(c.wantCommand, c.wantArgs), is); diff != "" {
				t.Errorf("the container (-want +got):\n%s", diff)
			}
			had.put(is)
			if diff := cmp.Diff(container(c.command, c.args), is); diff != "" {
				t.Errorf("the container with what it had (-want +got):\n%s", diff)
			}
		})
	}
}

// What cannot be read, or would not reach the process, is not written.
func TestFlagsThatAreNotSeenAreRefused(t *testing.T) {
	shell := func(line string) *corev1.Container {
		return &corev1.Container{Command: []string{"sh", "-c", line}}
	}
	for _, c := range []struct {
		name string
		is   *corev1.Container
		want error
	}{
		{"no number", container("kube-apiserver", "--max-requests-inflight=many"), errNumber},
		{"nothing", container("kube-apiserver", "--max-requests-inflight="), errNumber},
		{"below zero", container("kube-apiserver", "--max-mutating-requests-inflight -1"), errNumber},
		{"a variable", container("kube-apiserver", "--max-requests-inflight=$(INFLIGHT)"), errNumber},
		{"another flag for a value", container("kube-apiserver", "--max-requests-inflight --v=2"), errNumber},
		{"more than there can be", container("kube-apiserver", "--max-requests-inflight=99999999999"), errNumber},
		{"no value", container("kube-apiserver", "--v=2 --max-requests-inflight"), errNoValue},
		{"no limit", container("kube-apiserver", "--max-requests-inflight=0 --max-mutating-requests-inflight=0"), errNoLimit},
		{"no arguments", container("kube-apiserver", ""), errNoFlags},
		{"nothing at all", container("", ""), errNoFlags},
		{"a file", container("run-apiserver /etc/kube-apiserver.conf", ""), errNoFlags},
		{"a shell", shell("exec kube-apiserver --v=2"), errNoFlags},
		{"a shell with flags after it", &corev1.Container{Command: []string{"sh", "-c", `exec kube-apiserver "$@"`}, Args: []string{"--", "--v=2"}}, errNoFlags},
		{"a shell that sets them", shell("exec kube-apiserver --max-requests-inflight=100"), errHidden},
	} {
		if _, _, err := read(c.is); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// Whatever the arguments: what is put is what is read, nothing else changes, and what
// was there comes back.
func TestFlagsComeBackAsTheyWere(t *testing.T) {
	words := rapid.SampledFrom([]string{
		"kube-apiserver", "--v=2", "--v", "2", "-c", "--max-requests-inflight", "--max-requests-inflight=7", "--max_requests_inflight=8",
		"--max-mutating-requests-inflight", "--max-mutating-requests-inflight=9", "5",
	})
	rapid.Check(t, func(t *rapid.T) {
		is := &corev1.Container{Command: rapid.SliceOfN(words, 0, 4).Draw(t, "command"), Args: rapid.SliceOfN(words, 0, 5).Draw(t, "args")}
		was := is.DeepCopy()
		had, _, err := read(is)
		if err != nil {
			return
		}
		to := plane.Flags{Reading: rapid.IntRange(1, 9999).Draw(t, "reading"), Mutating: rapid.IntRange(1, 9999).Draw(t, "mutating")}
		textsFor(to).put(is)
		if _, got, err := read(is); err != nil || got != to {
			t.Fatalf("%q %q: put %s, read %s, %v", is.Command, is.Args, to, got, err)
		}
		had.put(is)
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatalf("with what it had (-before +after):\n%s", diff)
		}
	})
}
