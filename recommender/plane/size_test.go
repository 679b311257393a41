// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane_test

import (
	"testing"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// A request is the same whether it was decided in thousandths or read from a quantity,
// which multiplies: as floating point one in seven is not.
func TestTheSameAmount(t *testing.T) {
	apart := 0
	for n := range 8000 {
		decided, read := plane.Amounts{CPU: float64(n) / 1000, Memory: gib}, plane.Amounts{CPU: float64(n) * 0.001, Memory: gib}
		if decided != read {
			apart++
		}
		if !decided.Same(read) || decided.Below(read) || read.Below(decided) {
			t.Errorf("%dm is not %dm", n, n)
		}
	}
	if apart == 0 {
		t.Error("nothing is tested: every amount is the same to the last bit")
	}
	one := plane.Amounts{CPU: 1, Memory: gib}
	for _, other := range []plane.Amounts{{CPU: 1.001, Memory: gib}, {CPU: 1, Memory: gib + 1}, {CPU: 1.001, Memory: gib - 1}} {
		if one.Same(other) || !one.Below(other) {
			t.Errorf("%v is not told from %v", one, other)
		}
	}
}
