// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// quotaAware is the minor version of Go from whose go line on GOMAXPROCS follows the
	// CPU quota (runtime/debug.go: containermaxprocs and updatemaxprocs).
	quotaAware = 25
	// farAbove is how many times GOMEMLIMIT the memory may be before the collector is
	// said to work for nothing.
	farAbove = 1.5
)

// Runtime says in words, a line each, what the Go runtime in a container makes of a
// resize: nothing of the request for CPU, something of the limit where GOMAXPROCS
// follows it, and nothing of memory, for GOMEMLIMIT is read at the start alone. to and
// limit are the requests and limits after the resize, a limit of 0 is none; goLine is
// the Go version of the program's go.mod, as "1.26", which decides and not the
// compiler's; empty when unknown.
func (c *ContainerSize) Runtime(to, limit Amounts, goLine string) []string {
	return append(c.procs(limit.CPU, goLine), c.memory(to, limit)...)
}

func (c *ContainerSize) procs(limit float64, goLine string) []string {
	minor, known := goMinor(goLine)
	switch {
	case c.MaxProcs != "":
		return []string{fmt.Sprintf("GOMAXPROCS is set to %s: it stays until a restart, whatever CPU the container gets", c.MaxProcs)}
	case limit <= 0:
		return []string{"there is no CPU limit: GOMAXPROCS stays at the node's cores, and a resize changes the share of them alone"}
	case !known:
		return []string{fmt.Sprintf("the Go version is unknown: from go 1.%d on GOMAXPROCS follows the CPU limit, before it stays at the node's cores and the container is throttled", quotaAware)}
	case minor < quotaAware:
		return []string{fmt.Sprintf("go %s does not heed a CPU limit: GOMAXPROCS stays at the node's cores, and the container is throttled at %s cores", goLine, cores(limit))}
	default:
		return []string{fmt.Sprintf("GOMAXPROCS follows the CPU limit of %s cores within a second or so, rounded up and never below two", cores(limit))}
	}
}

func (c *ContainerSize) memory(to, limit Amounts) []string {
	held, word := limit.Memory, "limit"
	if held <= 0 {
		held, word = to.Memory, "request"
	}
	if c.MemLimit == "" || c.MemLimit == "off" || held <= 0 {
		return nil
	}
	at, ok := goBytes(c.MemLimit)
	switch {
	case !ok:
		return []string{fmt.Sprintf("GOMEMLIMIT is %s: it stays as it was at the start, and does not follow the memory %s of %s", c.MemLimit, word, mebi(held))}
	case at >= held:
		return []string{fmt.Sprintf("GOMEMLIMIT is %s and stays so until a restart: the memory %s of %s is not above it, so that the collector does not hold the process below", c.MemLimit, word, mebi(held))}
	case held > farAbove*at:
		return []string{fmt.Sprintf("GOMEMLIMIT is %s and stays so until a restart: of the memory %s of %s the rest is not used, and the collector takes CPU for it", c.MemLimit, word, mebi(held))}
	default:
		return nil
	}
}

// goMinor reads the minor version of a go line, 26 of "1.26", "go1.26.3" or "1.26.3".
func goMinor(line string) (minor int, ok bool) {
	rest, one := strings.CutPrefix(strings.TrimPrefix(line, "go"), "1.")
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	minor, err := strconv.Atoi(rest[:digits])
	return minor, one && err == nil
}

// goBytes reads a value of GOMEMLIMIT: bytes, with B, KiB, MiB, GiB or TiB after them
// or not (runtime/debug SetMemoryLimit).
func goBytes(text string) (bytes float64, ok bool) {
	unit := 1.0
	for i, suffix := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if rest, is := strings.CutSuffix(text, suffix); is {
			text, unit = rest, float64(int64(1)<<(10*(i+1)))
		}
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(text, "B"), 10, 63)
	return float64(n) * unit, err == nil
}

func cores(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func mebi(v float64) string { return fmt.Sprintf("%.0fMi", v/(1<<20)) }
