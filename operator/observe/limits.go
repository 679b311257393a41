// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bufio"
	"context"
	"errors"
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
	r, err := p.named(replica)
	if err != nil {
		return nil, fmt.Errorf("reading the limits of %s: %w", replica, err)
	}
	return r.limits(ctx, replica)
}

// named is the replica of a name, if there is a way to it.
func (p *Plane) named(name string) (*replica, error) {
	for _, r := range p.all() {
		r.mu.Lock()
		found, fault := r.target.Name == name, r.seen.Fault
		r.mu.Unlock()
		switch {
		case !found:
		case r.door == nil:
			return nil, errors.New(fault.Message)
		default:
			return r, nil
		}
	}
	return nil, errors.New("there is no such replica")
}

// LiveLevels are the priority levels that one replica knows now, by its debug
// endpoint: a page of 1.5 KB, where the metrics are 350 KB.
func (p *Plane) LiveLevels(ctx context.Context, replica string) (map[string]bool, error) {
	rows, err := p.rows(ctx, replica, levelsPath)
	if err != nil {
		return nil, err
	}
	live := map[string]bool{}
	for level := range rows {
		live[level] = true
	}
	return live, nil
}

// Queues are how many queues each of the levels that have any has on one replica
// now. A level that refuses what it cannot serve at once has none.
func (p *Plane) Queues(ctx context.Context, replica string) (map[string]int, error) {
	return p.rows(ctx, replica, queuesPath)
}

// rows counts the rows of a debug dump by the level that is in their first column.
func (p *Plane) rows(ctx context.Context, replica, path string) (map[string]int, error) {
	r, err := p.named(replica)
	if err != nil {
		return nil, fmt.Errorf("reading the levels of %s: %w", replica, err)
	}
	return r.rows(ctx, replica, path)
}

// maxRows bounds a debug dump of levels or queues, in bytes: a line each of a
// hundred, and by default some five hundred queues.
const maxRows = 1 << 20

func (r *replica) rows(ctx context.Context, name, path string) (map[string]int, error) {
	rows := map[string]int{}
	err := r.door.get(ctx, path, "text/plain, */*", r.options.DumpTimeout, func(response *http.Response) error {
		lines := bufio.NewScanner(io.LimitReader(response.Body, maxRows))
		for lines.Scan() {
			level, _, _ := strings.Cut(lines.Text(), ",")
			rows[strings.TrimSpace(level)]++
		}
		return lines.Err()
	})
	if err != nil {
		fault := r.door.faultOf(path, dumpRule, r.options.DumpTimeout, err)
		return nil, fmt.Errorf("reading the levels of %s: %s: %w", name, fault.Message, err)
	}
	return rows, nil
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
		err = fmt.Errorf("%w: it lacks the family %s", errForm, WantedFamilies()[nominalSeats].Name)
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
