// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas

const (
	// target is which part of what all replicas carry may be due: KubeGateway gives out
	// quota at as much (pkg/ratelimiter/limiter/allocation.go), and an average of 6 cores
	// of at most 7 to 8, at which Gardener adds a replica, is a little more.
	target = 0.7
	// carried is which part of what is left without one replica, or one zone, may be due.
	carried = 0.9
)

// capacity is what replicas carry.
type capacity struct {
	// line and cpu are those of one replica; 0 is unknown, and then nothing is said of it.
	line, cpu float64
	// carries and least are as in Seen.
	carries, least float64
	// zones is how many zones share the replicas; 1 is none.
	zones int
	// alone is whether a single replica may do.
	alone bool
}

// lost is how many of n replicas go with one of them, or with the fullest zone. Replicas
// are taken to be spread evenly: were they not, more of them would not mend that.
func (c capacity) lost(n int) int {
	if c.zones < 2 {
		return 1
	}
	return (n + c.zones - 1) / c.zones
}

// seats are those of n replicas together.
func (c capacity) seats(n int) float64 {
	if all := float64(n) * c.line; c.carries <= 0 || all < c.carries {
		return all
	}
	return c.carries
}

// enough tells whether n replicas carry an amount of which they have all together, and
// left when one replica or one zone is gone.
func (c capacity) enough(n int, amount float64, of func(n int) float64) bool {
	if amount > target*of(n) {
		return false
	}
	return n == 1 && c.alone || amount <= carried*of(n-c.lost(n))
}

// need is the least number of replicas that carries what is due, each amount so many times
// over, and most+1 where so many do not. seats is the same for the seats alone, the others
// for CPU.
func (c capacity) need(seats, cpu Due, times float64, most int) (n, bySeats, byCPU int) {
	search := func(fits func(n int) bool) int {
		n := 1
		for n <= most && !fits(n) {
			n++
		}
		return n
	}
	bySeats, byCPU = 1, 1
	if c.line > 0 {
		bySeats = search(func(n int) bool { return c.enough(n, seats.more(times), c.seats) })
	}
	if c.cpu > 0 {
		byCPU = search(func(n int) bool {
			return c.enough(n, cpu.more(times), func(n int) float64 { return float64(n) * c.cpu })
		})
	}
	return max(bySeats, byCPU), bySeats, byCPU
}

// pressed tells whether etcd carries so little that the line of n replicas would have to be
// lower than it can be.
func (c capacity) pressed(n int) bool {
	return c.line > 0 && c.carries > 0 && c.carries < float64(n)*min(c.least, c.line)
}

// capacityOf is what a replica carries on average, of those that are ready.
func capacityOf(s Seen, b Bounds) capacity {
	c := capacity{carries: sane(s.Carries), least: sane(s.Least), zones: 1, alone: b.Min == 1}
	var lines, bounds float64
	for _, r := range s.Replicas {
		if r.Ready && r.Line > 0 {
			c.line, lines = c.line+r.Line, lines+1
		}
		if r.Ready && r.Bound > 0 && r.CPU > 0 {
			c.cpu, bounds = c.cpu+r.Bound, bounds+1
		}
	}
	c.line, c.cpu = c.line/max(lines, 1), c.cpu/max(bounds, 1)
	if b.Zones > 1 && s.Zones > 1 {
		c.zones, c.alone = min(b.Zones, s.Zones), false
	}
	return c
}
