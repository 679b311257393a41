// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outage plays total outages of a tenant under Evenkeel's probes, ledger and rules:
// all apiservers hang, or all members of etcd do, for a minute or so, ten times; meanwhile
// the operator replica that leads is killed ten times; and in the end the tenant is dead for
// an hour. What is judged is what people have of it: how soon a page fires in a real
// Prometheus that scrapes the operator by the shipped rules, whether the ledger has the
// minutes that there were, by the account of a client of the tenant's balancer, and whether
// anything of what is known of the tenant has gaps while it is dead.
package outage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/scenario"
	"evenkeel.dev/evenkeel/bench/stage"
	"evenkeel.dev/evenkeel/bench/testbed/prometheus"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// bed is the tenant: apiservers and etcds of the size of the demo's, with little in them.
var bed = scenario.Tenant{
	Pods: 100, PodBytes: 1024, Leases: 20, MaxInflight: 400, MaxMutating: 200,
	APIServer: scenario.Resources{CPURequest: resource.MustParse("250m"), CPULimit: resource.MustParse("500m"), MemoryRequest: resource.MustParse("512Mi")},
	Etcd:      scenario.Resources{CPURequest: resource.MustParse("100m"), CPULimit: resource.MustParse("300m"), MemoryRequest: resource.MustParse("256Mi")},
}

const (
	// scrape and evaluate are those of the Prometheus, as the shipped rules reckon with.
	scrape, evaluate = 15 * time.Second, 15 * time.Second
	// calm is the least time between two outages, and spare by how much it varies: they are
	// to begin anywhere in a minute.
	calm, spare = 75 * time.Second, 60 * time.Second
	// shortest and longest are how long an outage lasts: long enough for the page, and short
	// enough for kubelets not to take a hand.
	shortest, longest = 62 * time.Second, 78 * time.Second
	// pageWithin is how long a page is waited for, and kept for how long the ledger may take
	// to have the last minutes.
	pageWithin, keptWithin = 70 * time.Second, 4 * time.Minute
	// wellWithin bounds the wait for a tenant that may serve again.
	wellWithin = 8 * time.Minute
)

// Options are what a play is given.
type Options struct {
	// Root is the checkout and Dir the run's own folder.
	Root, Dir string
	Binaries  servers.Binaries
	// Outages is how many are played, and Dead how long the tenant is dead in the end; 0
	// leaves that out. Seed is what their times follow from.
	Outages int
	Dead    time.Duration
	Seed    uint64
	// Panels asks every panel of the dashboards of a Prometheus at a URL, and says how many
	// expressions there are and which are empty; nil leaves it out.
	Panels func(ctx context.Context, url string) (asked int, empty []string, err error)
	Logf   func(string, ...any)
}

// Outage is one outage.
type Outage struct {
	Kind     Kind
	From, To time.Time
	// Page is how long after its beginning a page fired; 0 is not at all.
	Page time.Duration
	// Killed is whether the operator replica that leads was killed in it.
	Killed bool
}

// Outcome is what came of a play.
type Outcome struct {
	Outages []Outage
	// Kills counts the operator replicas that were killed while they led.
	Kills int
	// Truth are the bad minutes by the account of the tenant's client, Kept those of the
	// ledger and Unseen those of which it says nothing, of the same time. Wrong are those that
	// are bad in one of the two alone, and WrongCauses those that are put down to something else
	// than what was done.
	Truth, Kept, Unseen, Wrong, WrongCauses int
	// Asked are the expressions of the dashboards' panels, Empty those that gave nothing.
	Asked int
	Empty []string
	Dead  *Dead
}

// run is one play.
type run struct {
	Options

	stage   *stage.Stage
	profile *stage.Profile
	host    kubernetes.Interface
	kinds   client.Client
	// store scrapes all the time, and pager for one outage: the shipped page stays for minutes
	// after it, and the next would find it firing.
	store, pager *prometheus.Server
	truth        *account
	// targets are the operator replicas that are scraped.
	targets []prometheus.Target
	chance  *rand.Rand
	out     Outcome
}

// Play plays the outages. The outcome is what had been seen, even where there is an error.
func Play(ctx context.Context, o Options) (out Outcome, err error) {
	r := &run{Options: o, chance: rand.New(rand.NewPCG(o.Seed, o.Seed))} //nolint:gosec // no secret
	ctx, end := context.WithCancel(ctx)
	defer end()
	r.stage, err = stage.Raise(ctx, o.Dir, o.Binaries, bed, o.Logf)
	defer func() {
		end()
		for _, s := range []*prometheus.Server{r.store, r.pager} {
			if s != nil {
				err = errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
			}
		}
		if e := r.stage.Close(o.Dir); e != nil {
			err = errors.Join(err, fmt.Errorf("cleaning up: %w", e))
		}
	}()
	if err != nil {
		return r.out, err
	}
	if err := r.prepare(ctx); err != nil {
		return r.out, err
	}
	err = r.play(ctx)
	return r.out, err
}

// play plays the outages one after the other, compares the ledger with what the client has
// seen, and has the tenant die.
func (r *run) play(ctx context.Context) error {
	began := time.Now()
	for i := range r.Outages {
		if err := r.busy(ctx, i); err != nil {
			return err
		}
		if err := r.renew(ctx, i); err != nil {
			return err
		}
		if err := await.Pass(ctx, calm+time.Duration(r.chance.Float64()*float64(spare))); err != nil {
			return err
		}
		// Every other kill is in an outage, the others are while all is calm.
		killed := i%2 == 0
		if !killed {
			if err := r.killLeader(ctx); err != nil {
				return err
			}
			if err := await.Pass(ctx, calm); err != nil {
				return err
			}
		}
		if err := r.strike(ctx, Kinds()[i%len(Kinds())], killed); err != nil {
			return err
		}
	}
	if err := r.compare(ctx, began); err != nil {
		return err
	}
	if r.Panels != nil {
		// Something has just been decided and come into force, and been scraped.
		if err := r.busy(ctx, r.Outages); err != nil {
			return err
		}
		if err := await.Pass(ctx, 4*scrape); err != nil {
			return err
		}
		var err error
		if r.out.Asked, r.out.Empty, err = r.Panels(ctx, r.store.URL); err != nil {
			return err
		}
	}
	if r.Dead <= 0 {
		return nil
	}
	return r.die(ctx)
}
