// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package offender finds the client that does the harm, says on what evidence,
// and holds it by a sentence that is as narrow, as mild and as short as will do.
//
// Three questions are kept apart, a file each:
//   - Does anybody suffer (harm.go)? Requests are slow against what the same flow
//     schema needed in calm times (baseline.go), or they queue, or they are
//     refused. A busy control plane where nobody suffers has no offender.
//   - Whose doing is it (judge.go)? One client that holds most of the seats in use
//     in several debug dumps in a row, and more than its kind is used to. Some
//     clients must never be jailed (never.go): they are named instead.
//   - What is done about it (grade.go, term.go)? A grade that leaves the client
//     something, a harder one only while others still suffer under it, a term
//     after which the seats come back step by step, and twice the term for who
//     falls back.
package offender
