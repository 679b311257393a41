// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"evenkeel.dev/evenkeel/operator/observe/page"
)

// NominalLimits reads nominal_limit_seats of one replica now, in seats by
// priority level. It is how a write is known to be in force. Levels that were
// deleted stay on the page with their last limit until the process ends, so a
// level's absence cannot be seen here.
func (p *Plane) NominalLimits(ctx context.Context, replica string) (map[string]int, error) {
	for _, r := range p.all() {
		r.mu.Lock()
		name, fault := r.target.Name, r.seen.Fault
		r.mu.Unlock()
		switch {
		case name != replica:
		case r.door == nil:
			return nil, fmt.Errorf("reading the limits of %s: %s", replica, fault.Message)
		default:
			return r.limits(ctx, name)
		}
	}
	return nil, fmt.Errorf("reading the limits of %s: there is no such replica", replica)
}

// LiveLevels are the priority levels that one replica knows now, by its debug
// endpoint: a page of 1.5 KB, where the metrics are 350 KB.
func (p *Plane) LiveLevels(ctx context.Context, replica string) (map[string]bool, error) {
	for _, r := range p.all() {
		r.mu.Lock()
		name := r.target.Name
		r.mu.Unlock()
		if name == replica && r.door != nil {
			return r.liveLevels(ctx, name)
		}
	}
	return nil, fmt.Errorf("reading the levels of %s: there is no such replica", replica)
}

// maxLevelsPage bounds the list of live levels, in bytes: a line each.
const maxLevelsPage = 256 << 10

func (r *replica) liveLevels(ctx context.Context, name string) (map[string]bool, error) {
	live := map[string]bool{}
	err := r.door.get(ctx, levelsPath, "text/plain, */*", r.options.DumpTimeout, func(response *http.Response) error {
		lines := bufio.NewScanner(io.LimitReader(response.Body, maxLevelsPage))
		for lines.Scan() {
			level, _, _ := strings.Cut(lines.Text(), ",")
			live[strings.TrimSpace(level)] = true
		}
		return lines.Err()
	})
	if err != nil {
		fault := r.door.faultOf(levelsPath, dumpRule, r.options.DumpTimeout, err)
		return nil, fmt.Errorf("reading the levels of %s: %s: %w", name, fault.Message, err)
	}
	return live, nil
}

func (r *replica) limits(ctx context.Context, name string) (map[string]int, error) {
	var p page.Page
	decoder := page.NewDecoder(wantedLimits(), r.options.page())
	err := r.door.get(ctx, pagePath, acceptPage, r.options.PageTimeout, func(response *http.Response) error {
		if err := pageForm(response.Header); err != nil {
			return err
		}
		return decoder.Decode(response.Body, &p)
	})
	if err == nil && !p.Has(0) {
		err = fmt.Errorf("%w: it lacks the family %s", errForm, wantedFamilies()[nominalSeats].Name)
	}
	if err != nil {
		fault := r.door.faultOf(pagePath, pagePath, r.options.PageTimeout, err)
		return nil, fmt.Errorf("reading the limits of %s: %s: %w", name, fault.Message, err)
	}
	limits := map[string]int{}
	for _, s := range p.Series(0) {
		limits[s.Labels[0]] = count(s.Value)
	}
	return limits, nil
}
