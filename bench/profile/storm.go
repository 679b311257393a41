// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/load/offender"
)

const (
	// calm is how long nothing changes before and after each event, storming how long
	// clients list all pods, and listing how many of them do so at once.
	calm     = 150 * time.Second
	storming = 2 * time.Minute
	storms   = 2
	listing  = 2
)

// live adds to a recording what a tenant goes through once it is large: clients that list
// everything, twice, and the end of two apiservers and of an etcd member, one after the
// other, which their nodes start again. It is no part of what is fitted.
func (r *run) live(ctx context.Context) error {
	for n := range storms {
		if err := await.Pass(ctx, calm); err != nil {
			return err
		}
		r.Logf("list storm %d of %d", n+1, storms)
		if err := r.storm(ctx); err != nil {
			return err
		}
	}
	for _, w := range []*watched{r.trace.apiserver[0], r.trace.apiserver[1], r.trace.etcd[0]} {
		if err := await.Pass(ctx, calm); err != nil {
			return err
		}
		r.Logf("%s is killed, and starts again", w.name)
		if err := w.kill(); err != nil {
			return err
		}
	}
	return await.Pass(ctx, calm)
}

func (r *run) storm(ctx context.Context) error {
	o, err := offender.New(offender.Options{Config: r.reader, Clients: listing})
	if err != nil {
		return fmt.Errorf("a list storm: %w", err)
	}
	ctx, end := context.WithTimeout(ctx, storming)
	defer end()
	o.Run(ctx)
	return nil
}

// kill ends all processes of a container at once, as the kernel does.
func (w *watched) kill() error {
	var failed []error
	for _, file := range w.group.ProcsFiles()[:1] {
		raw, err := os.ReadFile(file) //nolint:gosec // the group's own file
		if err != nil {
			return fmt.Errorf("killing %s: %w", w.name, err)
		}
		for word := range strings.FieldsSeq(string(raw)) {
			pid, err := strconv.Atoi(word)
			if err == nil {
				err = syscall.Kill(pid, syscall.SIGKILL)
			}
			failed = append(failed, err)
		}
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("killing %s: %w", w.name, err)
	}
	return nil
}
