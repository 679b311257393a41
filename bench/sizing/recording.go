// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"embed"
	"fmt"

	"evenkeel.dev/evenkeel/bench/recording"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// recordings are what real servers took on the testbed, minute by minute, while a tenant
// grew from nothing to 2,000 nodes, was listed whole and had servers killed
// (`make bench-profile ARGS="--record bench/sizing/recordings"`).
//
//go:embed recordings/growth-apiserver.csv recordings/growth-etcd.csv
var recordings embed.FS

// recordedName is the name of their traces.
const recordedName = "recorded"

// recorded are their traces. A day of the first minute comes before each, which does not
// count, so that nobody begins without history.
func recorded() (all []trace, err error) {
	for c, file := range map[sizing.Component]string{sizing.APIServer: "growth-apiserver.csv", sizing.Etcd: "growth-etcd.csv"} {
		minutes, err := readRecording("recordings/" + file)
		if err != nil {
			return nil, err
		}
		t := trace{name: recordedName, component: c, scored: perDay}
		for range perDay {
			t.minutes = append(t.minutes, minutes[0])
		}
		t.minutes = append(t.minutes, minutes...)
		all = append(all, t)
	}
	return all, nil
}

func readRecording(path string) (minutes []minute, err error) {
	file, err := recordings.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening a recording: %w", err)
	}
	defer func() { _ = file.Close() }()
	rows, err := recording.Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s has no minute", path)
	}
	for _, r := range rows {
		m := minute{load: r.Load}
		for i := range replicas { // the busiest stands for all: the recording knows no other
			m.cpu[i], m.memory[i] = r.CPU, r.Memory
		}
		minutes = append(minutes, m)
	}
	return minutes, nil
}
