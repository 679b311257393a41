// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package inflight reads and writes the two inflight flags in the pod template of the
// workload that runs a tenant's kube-apiservers. arguments.go finds them in a
// container, fit.go says whether a rollout of the workload is safe, record.go is what
// the workload keeps of what was written, and write.go makes the write.
//
// Nothing but the two values is changed. Every write is a rollout, so whatever makes
// one unsafe, or leaves it open whether the flags would reach the process, is a fault
// and no write.
package inflight

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	reading  = "max-requests-inflight"
	mutating = "max-mutating-requests-inflight"

	// The flags' defaults, of k8s.io/apiserver v0.36 pkg/server/config.go.
	defaultReading  = 400
	defaultMutating = 200
)

var (
	errNumber  = errors.New("is no number of requests")
	errNoValue = errors.New("has no value")
	errHidden  = errors.New("the flags stand inside another argument, as in a shell's command line")
	errNoFlags = errors.New("it has no flags among its arguments, so where others would have to stand cannot be seen")
	errNoLimit = errors.New("both flags are 0, which switches the limit off")
)

// Ceiling is the server concurrency limit by a container's command and arguments: the
// two inflight flags added. 0 is unknown: a flag that cannot be read or stands where
// it cannot be seen for sure, or both at 0, which switches the limit off.
func Ceiling(args []string) int {
	flags, err := textsIn(args).flags()
	if err != nil || slices.ContainsFunc(args, hidesFlag) {
		return 0
	}
	return flags.Ceiling()
}

// texts are the values of the two flags as they are written; nil is a flag that does
// not stand there.
type texts struct {
	Reading  *string `json:"max-requests-inflight,omitempty"`
	Mutating *string `json:"max-mutating-requests-inflight,omitempty"`
}

// textsIn are those that a kube-apiserver with these arguments goes by.
func textsIn(args []string) texts {
	value := func(name string) *string {
		if at, ok := find(args, name); ok {
			text := args[at.index][len(at.prefix):]
			return &text
		}
		return nil
	}
	return texts{Reading: value(reading), Mutating: value(mutating)}
}

// textsFor are numbers as they are written.
func textsFor(f plane.Flags) texts {
	return texts{Reading: new(strconv.Itoa(f.Reading)), Mutating: new(strconv.Itoa(f.Mutating))}
}

// flags are the numbers that texts stand for.
func (t texts) flags() (f plane.Flags, err error) {
	if f.Reading, err = number(reading, t.Reading, defaultReading); err != nil {
		return plane.Flags{}, err
	}
	if f.Mutating, err = number(mutating, t.Mutating, defaultMutating); err != nil {
		return plane.Flags{}, err
	}
	return f, nil
}

func number(name string, text *string, standard int) (int, error) {
	if text == nil {
		return standard, nil
	}
	n, err := strconv.ParseInt(*text, 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("--%s=%.40s %w", name, *text, errNumber)
	}
	return int(n), nil
}

// place is the element that holds a flag's value, after a prefix of it.
type place struct {
	index  int
	prefix string
}

// find finds --name=value or --name value; the last one counts, as it does for the
// apiserver.
func find(args []string, name string) (at place, found bool) {
	for i, a := range args {
		flag, _, valued := strings.Cut(a, "=")
		switch {
		case strings.ReplaceAll(flag, "_", "-") != "--"+name:
		case valued:
			at, found = place{index: i, prefix: flag + "="}, true
		case i+1 < len(args):
			at, found = place{index: i + 1}, true
		}
	}
	return at, found
}

// hidesFlag tells whether an argument speaks of an inflight flag without being one.
func hidesFlag(arg string) bool {
	arg = strings.ReplaceAll(arg, "_", "-")
	return strings.Contains(arg, "requests-inflight") && !strings.HasPrefix(arg, "--"+reading) && !strings.HasPrefix(arg, "--"+mutating)
}

// read reads the flags that may be written; an error says why they may not.
func read(c *corev1.Container) (texts, plane.Flags, error) {
	args := slices.Concat(c.Command, c.Args)
	t := textsIn(args)
	switch f, err := t.flags(); {
	case slices.ContainsFunc(args, hidesFlag):
		return t, f, errHidden
	case valueless(args):
		return t, f, fmt.Errorf("--%s or --%s %w", reading, mutating, errNoValue)
	case err != nil:
		return t, f, err
	case f.Ceiling() == 0:
		return t, f, errNoLimit
	case (t.Reading == nil || t.Mutating == nil) && !takesFlags(args):
		return t, f, errNoFlags
	default:
		return t, f, nil
	}
}

// valueless tells whether the last argument is one of the flags without its value.
func valueless(args []string) bool {
	if len(args) == 0 {
		return false
	}
	last := strings.ReplaceAll(args[len(args)-1], "_", "-")
	return last == "--"+reading || last == "--"+mutating
}

// takesFlags tells whether a flag that is appended reaches the server: others do, and
// no shell is in between.
func takesFlags(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return len(a) > 2 && strings.HasPrefix(a, "--") }) && !slices.Contains(args, "-c")
}

// put has the flags stand in the container as the texts say: values are changed where
// they stand, what is missing is appended to the arguments, and what is not to be there
// is taken out.
func (t texts) put(c *corev1.Container) {
	putOne(c, reading, t.Reading)
	putOne(c, mutating, t.Mutating)
}

func putOne(c *corev1.Container, name string, text *string) {
	at, found := find(slices.Concat(c.Command, c.Args), name)
	list, i := &c.Args, at.index-len(c.Command)
	if i < 0 {
		list, i = &c.Command, at.index
	}
	switch {
	case !found && text != nil:
		c.Args = append(slices.Clone(c.Args), "--"+name+"="+*text)
	case found && text != nil:
		*list = slices.Clone(*list)
		(*list)[i] = at.prefix + *text
	case found && at.prefix != "":
		*list = slices.Delete(slices.Clone(*list), i, i+1) // only what was appended, in this form
	}
}
