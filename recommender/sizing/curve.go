// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

// Drivers are what a control plane carries, and what its sizes follow from.
type Drivers struct {
	Nodes, Pods, Objects float64
	// Bytes are those of the stored objects.
	Bytes float64
	// Requests are those a second, of all replicas together.
	Requests float64
}

// Curve is what a container needs by what its control plane carries: a base, and so
// much for each unit of each driver. In cores or bytes.
type Curve struct {
	Base float64
	Each Drivers
	// Error is the root mean square of what the measured points were off by, in parts of
	// what the curve says; 0 where it was not measured.
	Error float64
	// Peak is by how much more is used for minutes, after a start or an awakening, in parts
	// of what was used before; 0 where it was not measured.
	Peak float64
}

// At is what the curve says for these drivers. It is never less than its base.
func (c Curve) At(d Drivers) float64 {
	return c.Base + c.Each.Nodes*positive(d.Nodes) + c.Each.Pods*positive(d.Pods) + c.Each.Objects*positive(d.Objects) +
		c.Each.Bytes*positive(d.Bytes) + c.Each.Requests*positive(d.Requests)
}

// positive is v, or 0 where it is none or no number.
func positive(v float64) float64 {
	if v > 0 && v < most {
		return v
	}
	return 0
}

// most is more of anything than one control plane has.
const most = 1e15
