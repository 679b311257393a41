// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

// Reference is what use is compared to.
type Reference struct {
	// Now is what the curve gives for what is carried now, Soon for what will be carried
	// when a change made now is in force, and Grown when it has paid off; none is less than
	// the one before. In cores or bytes.
	Now, Soon, Grown float64
	// Error and Peak are the curve's, in parts of what it says.
	Error, Peak float64
	// Unit is true where there is no curve: Now is a mere unit of measure, and before the
	// first sample nothing is known.
	Unit bool
}

// The units of those that have no curve: a core and a gibibyte.
const (
	unitCPU    = 1
	unitMemory = 1 << 30
)

// steepest is the most that a trend may add at once: a line of forty minutes is no promise.
const steepest = 1.5

// Unit is the reference of a kind without a curve.
func Unit(k Kind) Reference {
	if k == CPU {
		return Reference{Now: unitCPU, Soon: unitCPU, Grown: unitCPU, Unit: true}
	}
	return Reference{Now: unitMemory, Soon: unitMemory, Grown: unitMemory, Unit: true}
}

// References are those of a component's CPU and memory, by a profile, under a load and
// under what is to come of it.
func References(p *Profile, c Component, load Outlook) (cpu, memory Reference, need Need) {
	need, ok := p.Need(c, load.Now)
	if !ok {
		return Unit(CPU), Unit(Memory), Need{}
	}
	cpu = Reference{Now: need.CPU.At(load.Now), Error: need.CPU.Error, Peak: need.CPU.Peak}
	memory = Reference{Now: need.Memory.At(load.Now), Error: need.Memory.Error, Peak: need.Memory.Peak}
	cpu.Soon, memory.Soon = cpu.Now, memory.Now
	if n, ok := p.Need(c, load.Soon); ok && load.Soon != (Drivers{}) {
		cpu.Soon, memory.Soon = max(cpu.Now, n.CPU.At(load.Soon)), max(memory.Now, n.Memory.At(load.Soon))
	}
	cpu.Grown, memory.Grown = cpu.Soon, memory.Soon
	if n, ok := p.Need(c, load.Grown); ok {
		cpu.Grown = max(cpu.Grown, min(n.CPU.At(load.Grown), steepest*cpu.Now))
		memory.Grown = max(memory.Grown, min(n.Memory.At(load.Grown), steepest*memory.Now))
	}
	if n, ok := p.Need(c, load.Expected); ok && load.Expected != (Drivers{}) {
		cpu.Grown, memory.Grown = max(cpu.Grown, n.CPU.At(load.Expected)), max(memory.Grown, n.Memory.At(load.Expected))
	}
	return cpu, memory, need
}
