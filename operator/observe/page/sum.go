// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

// add adds a series of a family that is added up to the one with its labels; false when
// it is the first with them, which the caller is to keep. The labels are looked up
// rather than searched for: a server that is not trusted may send as many as the bound
// allows, and each once.
func (p *Page) add(index int, s Series) bool {
	if p.sums[index] == nil {
		p.sums[index] = map[[MaxLabels]string]int{}
	}
	at, known := p.sums[index][s.Labels]
	if !known {
		p.sums[index][s.Labels] = len(p.series[index])
		return false
	}
	sum := &p.series[index][at]
	sum.Value += s.Value
	sum.Count += s.Count
	return true
}
