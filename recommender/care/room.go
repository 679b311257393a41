// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package care holds what the care for etcd is decided by: how much of a member's
// database file is air, how the database grows, when the tenant is quiet, and how old a
// revision is.
//
// It is a function of what is handed to it: no client, no clock.
package care

const (
	// tight is from how much of the quota on room is near its end: one fifth is left, which
	// is what a defragmentation and a person need to be in time.
	tight = 0.80
	// worth is how much of the quota must be air at the least for a defragmentation to be
	// worth it because the quota is near: a busy tenant writes less than that in minutes.
	worth = 0.05
	// roomy is below how much of the quota every member's file must be for the alarm to be
	// taken back: etcd raises it again with the first write that does not fit.
	roomy = 0.90
	// SuggestedQuota is the most that etcd's documentation suggests (etcd.io v3.7,
	// op-guide/maintenance and dev-guide/limit: 8 GiB), in bytes.
	SuggestedQuota = 8 << 30
)

// Room is one member's database file, in bytes: its size, what of it is in use, and the
// size at which etcd raises the alarm NOSPACE. What is not known is 0.
type Room struct{ Size, InUse, Quota int64 }

// Known tells whether size and use are known and can be true.
func (r Room) Known() bool { return r.InUse > 0 && r.Size >= r.InUse }

// Air is what of the file is not in use, which a defragmentation gives back; 0 while it is
// not known.
func (r Room) Air() int64 {
	if !r.Known() {
		return 0
	}
	return r.Size - r.InUse
}

// Fragmentation is how much of the file is air, from 0 to 1.
func (r Room) Fragmentation() float64 {
	if !r.Known() {
		return 0
	}
	return float64(r.Air()) / float64(r.Size)
}

// Used is the file's size in parts of the quota; 0 while either is not known.
func (r Room) Used() float64 {
	if r.Quota <= 0 || r.Size <= 0 {
		return 0
	}
	return float64(r.Size) / float64(r.Quota)
}

// Tight tells whether the quota is near.
func (r Room) Tight() bool { return r.Used() >= tight }

// Roomy tells whether the file is known to be clear of the quota by as much as the alarm
// NOSPACE takes to be taken back.
func (r Room) Roomy() bool { return r.Used() > 0 && r.Used() < roomy }

// Due tells whether a defragmentation is worth it: so much of the file is air, in parts
// and in bytes. Where the quota is near a twentieth of the quota will do.
func (r Room) Due(fragmentation float64, reclaims int64) bool {
	if !r.Known() || r.Air() < max(reclaims, 1) {
		return false
	}
	return r.Fragmentation() >= fragmentation || r.Tight() && float64(r.Air()) >= worth*float64(r.Quota)
}
