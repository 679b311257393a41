// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	// flagsPath tells the flags that a process runs with, from Kubernetes 1.36 on by
	// default. Where it is not there, the container's arguments have to do.
	flagsPath = "/flagz"
	// acceptFlags asks for the forms with an API of their own: the text has none.
	acceptFlags = "application/json;as=Flagz;v=v1beta1;g=config.k8s.io, application/json;as=Flagz;v=v1alpha1;g=config.k8s.io"
	// mostFlags bounds the answer, in bytes: a kube-apiserver's has 10,000.
	mostFlags = 256 << 10
	// flagsAgain is how long one that could not tell is left alone.
	flagsAgain = 5 * time.Minute
)

// flags are what is known of a process's flags.
type flags struct {
	// start is when the process began that told them, in seconds since 1970.
	start float64
	// ceiling is the two inflight flags added, in seats; 0 when they were not told.
	ceiling int
	// again is when to ask again.
	again time.Time
}

// readFlags asks the process for its flags, once: they stay as they are until it ends.
// They count more than the container's arguments, which a script may have changed.
func (r *replica) readFlags(ctx context.Context, now time.Time) {
	r.mu.Lock()
	known, start := r.flags, r.vitals.Started
	r.mu.Unlock()
	if known.start == start && (known.ceiling > 0 || now.Before(known.again)) {
		return
	}
	next := flags{start: start, again: now.Add(flagsAgain)}
	err := r.door.get(ctx, flagsPath, acceptFlags, r.options.FlagsTimeout, func(response *http.Response) (err error) {
		next.ceiling, err = readCeiling(response.Body)
		return err
	})
	if err != nil {
		next.ceiling = 0 // older than 1.36, or not allowed: no fault
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flags = next
}

// readCeiling finds the two inflight flags in the answer.
func readCeiling(body io.Reader) (int, error) {
	var told struct {
		Flags map[string]string `json:"flags"`
	}
	raw, err := io.ReadAll(io.LimitReader(body, mostFlags+1))
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", flagsPath, err)
	}
	if len(raw) > mostFlags {
		return 0, fmt.Errorf("%s: %w of %d bytes", flagsPath, errOversize, mostFlags)
	}
	if err := json.Unmarshal(raw, &told); err != nil {
		return 0, fmt.Errorf("reading %s: %w: %w", flagsPath, errForm, err)
	}
	ceiling := 0
	for _, name := range []string{"max-requests-inflight", "max-mutating-requests-inflight"} {
		n, err := strconv.ParseInt(told.Flags[name], 10, 32)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%s: %w: --%s is %.40q", flagsPath, errForm, name, told.Flags[name])
		}
		ceiling += int(n)
	}
	return ceiling, nil
}
