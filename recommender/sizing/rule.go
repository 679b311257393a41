// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import "time"

// Kind is what of a container is sized.
type Kind string

// The kinds.
const (
	CPU    Kind = "cpu"
	Memory Kind = "memory"
)

// Rule is how the history of one kind is judged. Components differ in it.
type Rule struct {
	Kind Kind
	// Quantile is the part of the minutes that history alone covers.
	Quantile float64
	// HalfLife is how long a minute keeps half of its weight. What was needed before a
	// step down is less than a fiftieth of all after 5.6 of them.
	HalfLife time.Duration
}

// The rules. CPU of etcd is insurance for latency: it covers more and is given back
// later.
var (
	APIServerCPU    = Rule{Kind: CPU, Quantile: 0.93, HalfLife: 40 * time.Minute}
	APIServerMemory = Rule{Kind: Memory, Quantile: 0.98, HalfLife: 40 * time.Minute}
	EtcdCPU         = Rule{Kind: CPU, Quantile: 0.95, HalfLife: 45 * time.Minute}
	EtcdMemory      = Rule{Kind: Memory, Quantile: 0.98, HalfLife: 40 * time.Minute}
)

// Rules are those of a component; one that is not known is taken for an apiserver.
func Rules(c Component) (cpu, memory Rule) {
	if c == Etcd {
		return EtcdCPU, EtcdMemory
	}
	return APIServerCPU, APIServerMemory
}
