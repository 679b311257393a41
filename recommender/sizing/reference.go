// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

// Reference is what use is compared to.
type Reference struct {
	// Now is what the curve gives for what is carried now, Grown for what will be carried
	// when a change made now has paid off. In cores or bytes.
	Now, Grown float64
	// Error is the curve's, in parts of what it says.
	Error float64
	// Unit is true where there is no curve: Now is a mere unit of measure, and before the
	// first sample nothing is known.
	Unit bool
}

// The units of those that have no curve: a core and a gibibyte.
const (
	unitCPU    = 1
	unitMemory = 1 << 30
)

// Unit is the reference of a kind without a curve.
func Unit(k Kind) Reference {
	if k == CPU {
		return Reference{Now: unitCPU, Grown: unitCPU, Unit: true}
	}
	return Reference{Now: unitMemory, Grown: unitMemory, Unit: true}
}

// References are those of a component's CPU and memory, by a profile, under a load and
// under what the load will have grown to.
func References(p *Profile, c Component, now, grown Drivers) (cpu, memory Reference, need Need) {
	need, ok := p.Need(c, now)
	if !ok {
		return Unit(CPU), Unit(Memory), Need{}
	}
	later := need
	if n, ok := p.Need(c, grown); ok {
		later = n
	}
	return Reference{Now: need.CPU.At(now), Grown: later.CPU.At(grown), Error: need.CPU.Error},
		Reference{Now: need.Memory.At(now), Grown: later.Memory.At(grown), Error: need.Memory.Error}, need
}
