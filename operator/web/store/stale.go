// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"hash/maphash"

	"github.com/klauspost/compress/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// staleNaN is the sample that ends a series (prometheus/model/value): without it a store answers
// with the last value for five minutes more.
const staleNaN = 0x7ff0000000000002

// hashed is the seed of the hashes of labels.
var hashed = maphash.MakeSeed()

// gathering is what was told at one time: the series by the hashes of their labels, which cost
// little, and the requests that they are in, which are small as well.
type gathering struct {
	series   map[uint64]struct{}
	requests []*batch
}

// ended hands on the labels of the series that are not told any more now.
func (g gathering) ended(now gathering, do func(labels []byte)) error {
	gone := map[uint64]struct{}{}
	for h := range g.series {
		if _, still := now.series[h]; !still {
			gone[h] = struct{}{}
		}
	}
	if len(gone) == 0 {
		return nil
	}
	for _, b := range g.requests {
		body, err := snappy.Decode(nil, b.packed)
		if err != nil {
			return fmt.Errorf("reading what was sent: %w", err)
		}
		for len(body) > 0 {
			_, _, n := protowire.ConsumeField(body)
			if n < 0 {
				return fmt.Errorf("reading what was sent: %w", protowire.ParseError(n))
			}
			_, _, tag := protowire.ConsumeTag(body)
			one, _ := protowire.ConsumeBytes(body[tag:n])
			labels := labelsOf(one)
			if _, is := gone[maphash.Bytes(hashed, labels)]; is {
				do(labels)
			}
			body = body[n:]
		}
	}
	return nil
}

// labelsOf are the labels of a series as it is sent: they come first.
func labelsOf(one []byte) []byte {
	end := 0
	for {
		field, _, n := protowire.ConsumeField(one[end:])
		if n < 0 || field != seriesLabels {
			return one[:end]
		}
		end += n
	}
}
