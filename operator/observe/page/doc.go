// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package page decodes a few metric families of a Prometheus page in its
// delimited protobuf form, and skips all others.
//
// A page is a sequence of io.prometheus.client.MetricFamily messages, each
// preceded by its length as a varint. A kube-apiserver's has some three hundred
// families and a decision needs a dozen. The decoder reads the name, which every
// encoder writes first, and jumps over the message unless the name is wanted.
// A wanted message is walked field by field (protowire) into memory that the
// next page uses again; label values are interned. In the steady state, with the
// same series as before, nothing is allocated.
//
// The page is read as a stream through a pooled window: an operator that watches
// a thousand control planes does not hold a page for each of them, and a page
// without end costs its bound in time and nothing in memory. Pages come from
// servers that are not trusted: bytes, families, series and labels are bounded,
// and what is over a bound is ErrOversize, which says nothing about whether the
// server is well.
package page
