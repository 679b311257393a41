// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// configuration is the part of Prometheus' configuration that is used here. It is written
// as JSON, which is YAML too.
type configuration struct {
	Global  global        `json:"global"`
	Rules   []string      `json:"rule_files,omitempty"`
	Scrapes []scrape      `json:"scrape_configs,omitempty"`
	Writes  []remoteWrite `json:"remote_write,omitempty"`
	Storage *storage      `json:"storage,omitempty"`
}

type global struct {
	Scrape   string `json:"scrape_interval"`
	Timeout  string `json:"scrape_timeout"`
	Evaluate string `json:"evaluation_interval"`
}

type scrape struct {
	Job    string   `json:"job_name"`
	Scheme string   `json:"scheme"`
	Path   string   `json:"metrics_path"`
	Static []static `json:"static_configs"`
}

type static struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels,omitempty"`
}

type remoteWrite struct {
	URL   string `json:"url"`
	Queue queue  `json:"queue_config"`
}

// queue has samples sent soon: the default waits for five seconds.
type queue struct {
	Deadline string `json:"batch_send_deadline"`
}

type storage struct {
	TSDB tsdb `json:"tsdb"`
}

type tsdb struct {
	OutOfOrder string `json:"out_of_order_time_window"`
}

// write writes the configuration and returns its path.
func (o Options) write() (string, error) {
	every := duration(o.Scrape)
	c := configuration{Global: global{Scrape: every, Timeout: every, Evaluate: duration(o.Evaluate)}}
	for _, path := range o.Rules {
		path, err := filepath.Abs(path)
		if err != nil {
			return "", fmt.Errorf("finding the rules: %w", err)
		}
		// A pattern without a match is no error to Prometheus: the rules would be missed.
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("finding the rules: %w", err)
		}
		c.Rules = append(c.Rules, path)
	}
	c.Scrapes = o.scrapes()
	if o.WriteTo != "" {
		c.Writes = []remoteWrite{{URL: o.WriteTo, Queue: queue{Deadline: "200ms"}}}
	}
	if o.OutOfOrder > 0 {
		c.Storage = &storage{TSDB: tsdb{OutOfOrder: duration(o.OutOfOrder)}}
	}
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing the configuration: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return "", fmt.Errorf("making the folder: %w", err)
	}
	path := filepath.Join(o.Dir, "prometheus.yml")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return "", fmt.Errorf("writing the configuration: %w", err)
	}
	return path, nil
}

// scrapes are the targets, those of one job together: a job's name may stand once.
func (o Options) scrapes() []scrape {
	var all []scrape
	at := map[string]int{}
	for _, t := range o.Targets {
		s := scrape{Job: cmp.Or(t.Job, "target"), Scheme: cmp.Or(t.Scheme, "http"), Path: cmp.Or(t.Path, "/metrics")}
		i, known := at[s.Job]
		if !known {
			i = len(all)
			at[s.Job] = i
			all = append(all, s)
		}
		all[i].Static = append(all[i].Static, static{Targets: []string{t.Address}, Labels: t.Labels})
	}
	return all
}

// duration is a time as Prometheus reads it; a second where there is none.
func duration(d time.Duration) string {
	return fmt.Sprintf("%dms", cmp.Or(d, time.Second).Milliseconds())
}
