// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"embed"
	"fmt"
	"io/fs"
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
	// Sent is whether series are sent by remote write, and not scraped: of a process that was
	// killed nothing ends.
	Sent bool `json:"sent"`
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
