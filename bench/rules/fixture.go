// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"sigs.k8s.io/yaml"
)

//go:embed fixtures/*.yaml
var fixtureFiles embed.FS

// span is a duration as Prometheus writes it.
type span time.Duration

// UnmarshalJSON reads 15s, 20m, 3d.
func (s *span) UnmarshalJSON(raw []byte) error {
	d, err := model.ParseDuration(strings.Trim(string(raw), `"`))
	*s = span(d)
	return err
}

// fixture is one story: what happens to a control plane, what the operator and the tenant's
// own apiservers tell of it, and what must be said.
type fixture struct {
	// Key is the name of its file.
	Key   string `json:"-"`
	Title string `json:"title"`
	// Target is what is promised, 0.9995 where nothing stands. Tenants is how many control
	// planes there are; it happens to the first, and to the others where All is set.
	Target  float64 `json:"target"`
	Tenants int     `json:"tenants"`
	All     bool    `json:"all"`
	// Name is the first one's, acme where nothing stands.
	Name string `json:"name"`
	// Scrape is how often everything is scraped, 15s where nothing stands.
	Scrape span `json:"scrape"`
	// Evaluate is how often rules are evaluated at the most, for stories of days; what is
	// summed up over days is recorded as often as ever.
	Evaluate span `json:"evaluate"`
	// Base is what holds in all phases.
	Base   phase   `json:"base"`
	Phases []phase `json:"phases"`
	// Expect are what must fire, as in "page EvenkeelControlPlaneDown within 60s" of the
	// phase with the fault, and once where it must not stop in between. What stands in May
	// may, and milder alerts of the same name. Nothing else may.
	Expect []string `json:"expect"`
	May    []string `json:"may"`
	// Unserved is whether the tenant's requests suffer: then the usual rule should fire, and
	// else it should not. What else is due it cannot know of, and is not blamed for.
	Unserved bool `json:"unserved"`
}

// phase is what holds for a time. What does not stand is as in calm.
type phase struct {
	For   span `json:"for"`
	Fault bool `json:"fault"`
	// Note says what happens.
	Note string `json:"note"`

	// Rounds are the verdicts of rounds, one after the other and over again: up, down, blind.
	Rounds string `json:"rounds"`
	// Balancer and Replica are what comes of probes there: a result, and of which share of
	// them where not of all, as in "late 0.5".
	Balancer string `json:"balancer"`
	Replica  string `json:"replica"`
	traffic
	// Waits is the seconds that a request waits in queues, Bytes those of answers in a second.
	Waits float64  `json:"waits"`
	Bytes *float64 `json:"bytes"`
	// Gauges are set: "3", "in 13d" and "ago 1h" are moments from the phase's begin, "5e9 +
	// 20000/s" grows. Counters grow so much in a second; Once are added as the phase begins.
	Gauges   map[string]string  `json:"gauges"`
	Counters map[string]float64 `json:"counters"`
	Once     map[string]float64 `json:"once"`

	// Leader is the operator replica that leads, evenkeel-0 where nothing stands, or none.
	// Operator is all where the other runs beside it, alone, or gone. Reset begins its counters
	// at 0. Prometheus is down where it is.
	Leader     string `json:"leader"`
	Operator   string `json:"operator"`
	Reset      bool   `json:"reset"`
	Points     string `json:"points"`
	Prometheus string `json:"prometheus"`
	// Deleted is where its profile is, and the operator tells nothing of it.
	Deleted bool `json:"deleted"`

	// Own is what the tenant's own series tell.
	Own own `json:"own"`
}

// traffic is how many requests there are in a second, and which shares of them fail, are shed
// and are slow.
type traffic struct {
	Requests *float64 `json:"requests"`
	Failed   *float64 `json:"failed"`
	Shed     *float64 `json:"shed"`
	Slow     *float64 `json:"slow"`
}

// own is what the tenant's apiservers tell of themselves; what does not stand is as the
// operator sees it.
type own struct {
	// Gone is where the targets vanish, Down where they are not reached.
	Gone bool `json:"gone"`
	Down bool `json:"down"`
	traffic
	// Reads and Writes tell them apart.
	Reads  traffic `json:"reads"`
	Writes traffic `json:"writes"`
	// Scopes are those that are read, all where nothing stands.
	Scopes []string `json:"scopes"`
}

// expected is one alert that is due.
type expected struct {
	alert  fired
	within time.Duration
	// once is whether it must not stop in between.
	once bool
}

// fired is an alert by its name and severity.
type fired struct{ severity, name string }

func (f fired) String() string { return f.severity + " " + f.name }

// fixtures are all of them, by their keys.
func fixtures() ([]fixture, error) {
	names, err := fs.Glob(fixtureFiles, "fixtures/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the fixtures: %w", err)
	}
	var all []fixture
	for _, name := range names {
		raw, err := fs.ReadFile(fixtureFiles, name)
		if err != nil {
			return nil, fmt.Errorf("reading the fixture %s: %w", name, err)
		}
		f := fixture{Target: 0.9995, Tenants: 1, Name: "acme", Scrape: span(15 * time.Second)}
		if err := yaml.UnmarshalStrict(raw, &f); err != nil {
			return nil, fmt.Errorf("reading the fixture %s: %w", name, err)
		}
		f.Key = strings.TrimSuffix(strings.TrimPrefix(name, "fixtures/"), ".yaml")
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b fixture) int { return strings.Compare(a.Key, b.Key) })
	return all, nil
}

// faultAt is when after its begin the fault begins; the end where there is none.
func (f fixture) faultAt() (at time.Duration) {
	for _, p := range f.Phases {
		if p.Fault {
			return at
		}
		at += time.Duration(p.For)
	}
	return at
}

// due are what must fire.
func (f fixture) due() (all []expected, err error) {
	for _, line := range f.Expect {
		parts := strings.Fields(line)
		once := len(parts) == 5 && parts[4] == "once"
		if len(parts) != 4 && !once || parts[2] != "within" {
			return nil, fmt.Errorf("%s: %q is not of the form SEVERITY NAME within TIME [once]", f.Key, line)
		}
		within, err := model.ParseDuration(parts[3])
		if err != nil {
			return nil, fmt.Errorf("%s: reading %q: %w", f.Key, line, err)
		}
		all = append(all, expected{fired{parts[0], parts[1]}, time.Duration(within), once})
	}
	return all, nil
}

// merged is a phase with what holds in all of them.
func merged(base, p phase) phase {
	out := p
	out.Requests, out.Failed = first(p.Requests, base.Requests), first(p.Failed, base.Failed)
	out.Shed, out.Slow, out.Bytes = first(p.Shed, base.Shed), first(p.Slow, base.Slow), first(p.Bytes, base.Bytes)
	if len(p.Own.Scopes) == 0 {
		out.Own.Scopes = base.Own.Scopes
	}
	out.Own.Writes.Requests = first(p.Own.Writes.Requests, base.Own.Writes.Requests)
	if len(base.Gauges) > 0 {
		out.Gauges = maps.Clone(base.Gauges)
		maps.Copy(out.Gauges, p.Gauges)
	}
	return out
}
