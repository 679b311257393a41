// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"strings"
	"testing"
)

func TestNarratorCountsWhatIsCompiled(t *testing.T) {
	n := narrate("etcd", func(string) {})
	for _, piece := range []string{
		"go: downloading go.etcd.io/etcd v3.7.3\n", "runt", "ime/debug\nnet/http\n", "# example.test/etcd\n./main.go:3:15: undefined: x\n",
		strings.Repeat("y ", longestLine), "\nlast words", " without an end",
	} {
		if written, err := n.Write([]byte(piece)); written != len(piece) || err != nil {
			t.Errorf("Write = %d, %v of %d", written, err, len(piece))
		}
	}
	compiled, tail := n.end()
	if compiled != 2 {
		t.Errorf("compiled %d, want 2", compiled)
	}
	if so := n.soFar(); so != "downloaded 1 modules, compiled 2 packages, 0s" {
		t.Errorf("so far %q", so)
	}
	lines := strings.Split(tail, "\n")
	if len(lines) != 4 || lines[0] != "# example.test/etcd" || lines[3] != "last words without an end" {
		t.Errorf("the last lines are %q", lines)
	}
	if len(lines) > 2 && len(lines[2]) > longestLine {
		t.Errorf("a line of %d bytes is kept", len(lines[2]))
	}
}
