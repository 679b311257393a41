// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"
)

const (
	// reportEvery is the time between two lines of progress.
	reportEvery = 5 * time.Second
	// errorLines is how much of a failed build's output is shown.
	errorLines = 15
	// longestLine bounds what is kept of a line, in bytes.
	longestLine = 4 << 10
)

// narrator reads what a go command prints and tells people how far it has come.
// With -v the command names each package that it compiles; those that are cached
// it does not name, so the number of packages left is not known.
type narrator struct {
	name  string
	tell  func(string)
	began time.Time
	quit  chan struct{}
	ended sync.WaitGroup

	mu       sync.Mutex
	line     []byte // what has been printed of the line that is being printed
	compiled int
	fetched  int // modules
	tail     []string
}

func narrate(name string, tell func(string)) *narrator {
	n := &narrator{name: name, tell: tell, began: time.Now(), quit: make(chan struct{})}
	n.ended.Go(n.report)
	return n
}

// report tells on a clock, as linking takes long and prints nothing.
func (n *narrator) report() {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		select {
		case <-n.quit:
			return
		case <-tick.C:
			n.tell(fmt.Sprintf("building %s: %s", n.name, n.soFar()))
		}
	}
}

// soFar is what has been done, and for how long.
func (n *narrator) soFar() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	took := time.Since(n.began).Round(time.Second)
	if n.fetched > 0 {
		return fmt.Sprintf("downloaded %d modules, compiled %d packages, %s", n.fetched, n.compiled, took)
	}
	return fmt.Sprintf("compiled %d packages, %s", n.compiled, took)
}

// Write takes a piece of the command's output.
func (n *narrator) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for rest := p; len(rest) > 0; {
		piece, after, whole := bytes.Cut(rest, []byte("\n"))
		n.line = append(n.line, piece[:min(len(piece), longestLine-len(n.line))]...)
		if whole {
			n.endLine()
		}
		rest = after
	}
	return len(p), nil
}

func (n *narrator) endLine() {
	line := strings.TrimRight(string(n.line), " \r")
	n.line = n.line[:0]
	if line == "" {
		return
	}
	// A package is named alone on its line; everything else has blanks.
	if !strings.ContainsAny(line, " \t") {
		n.compiled++
		return
	}
	if strings.HasPrefix(line, "go: downloading ") {
		n.fetched++
		return
	}
	n.tail = append(n.tail, line)
	n.tail = n.tail[max(0, len(n.tail)-errorLines):]
}

// end ends the telling. It returns how many packages were compiled and the last
// lines that told of no progress.
func (n *narrator) end() (compiled int, tail string) {
	close(n.quit)
	n.ended.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.endLine()
	return n.compiled, strings.Join(n.tail, "\n")
}
