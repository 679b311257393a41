// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// thousand is how many control planes one operator looks after.
const thousand = 1000

// The fleet of a thousand control planes is painted, and how soon is printed as a line
// "web.first_paint_ms 123": the median of three loads, with nothing kept in the browser but
// what a reader's has. make bench-sla holds it against its bar of a second.
func TestFirstPaint(t *testing.T) {
	server := dashboard(t, thousand)
	b := newBrowser(t, server)
	const loads = 3
	var paints, dones []float64
	rows := 0.
	for range loads {
		b.show(t, server.URL+"/", 1280, "light")
		run(t, b, chromedp.Poll[bool](`performance.getEntriesByName('first-contentful-paint').length > 0`)) // it is told a frame later
		paints = append(paints, run(t, b, chromedp.Evaluate[float64](`performance.getEntriesByName('first-contentful-paint')[0].startTime`)))
		dones = append(dones, run(t, b, chromedp.Evaluate[float64](`performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd`)))
		rows = run(t, b, chromedp.Evaluate[float64](`document.querySelectorAll('#rows tr').length`))
	}
	sent := run(t, b, chromedp.Evaluate[float64](`performance.getEntriesByType('navigation')[0].encodedBodySize`))
	slices.Sort(paints)
	slices.Sort(dones)
	paint, done := paints[loads/2], dones[loads/2]
	t.Logf("web.first_paint_ms %.0f", paint)
	t.Logf("web.whole_page_ms %.0f", done)
	t.Logf("web.page_bytes %.0f", sent)
	if path := os.Getenv("EVENKEEL_FIGURES"); path != "" {
		text := "{\"web.first_paint_ms\": " + number(paint) + ", \"web.whole_page_ms\": " + number(done) + ", \"web.page_bytes\": " + number(sent) + "}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if rows != thousand {
		t.Errorf("%.0f control planes are painted, and not %d", rows, thousand)
	}
	b.well(t)
}

// A reader without a mouse gets to a control plane, sorts the table, and comes back.
func TestTheKeyboardIsEnough(t *testing.T) {
	server := dashboard(t, 20)
	b := newBrowser(t, server)
	b.show(t, server.URL+"/", 1280, "dark")
	const active = `document.activeElement.textContent.trim() || document.activeElement.id`
	var way []string
	for range 30 {
		b.do(t, chromedp.KeyEvent(kb.Tab))
		at := run(t, b, chromedp.Evaluate[string](active))
		way = append(way, at)
		if at == "hooli" {
			break
		}
	}
	told := strings.Join(way, ", ")
	if !strings.HasPrefix(told, "Skip to content, Evenkeel, ") || !strings.HasSuffix(told, ", hooli") || !strings.Contains(told, "q, problems, Control plane, Error budget left") {
		t.Fatalf("Tab goes %s", told)
	}
	if width := run(t, b, chromedp.Evaluate[string](`getComputedStyle(document.activeElement).outlineWidth`)); width != "2px" {
		t.Errorf("what has the focus is outlined by %s", width)
	}
	b.do(t, chromedp.KeyEvent(kb.Enter), chromedp.WaitReady(chromedp.CSS("#now")))
	b.do(t, chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter), chromedp.WaitReady(chromedp.CSS("#rows")))
	b.do(t, chromedp.Focus(chromedp.CSS(".fleet thead th:nth-child(3) button")), chromedp.KeyEvent(kb.Enter))
	if sorted := run(t, b, chromedp.Evaluate[string](`document.querySelector('[aria-sort]').textContent + document.querySelector('[aria-sort]').getAttribute('aria-sort')`)); sorted != "Seats in use of load linedescending" {
		t.Errorf("sorted by %s", sorted)
	}
	b.do(t, chromedp.SendKeys(chromedp.CSS("#q"), "meridian"))
	if shown := run(t, b, chromedp.Evaluate[float64](`[...document.querySelectorAll('#rows tr')].filter(r => !r.hidden).length`)); shown != 1 {
		t.Errorf("%v rows are shown", shown)
	}
	b.well(t)
}

// What has changed comes by itself; what a reader has opened stays open, and who was there with
// the keyboard is still.
func TestThePageIsLive(t *testing.T) {
	p, l, h := acme()
	r := &reader{profiles: fleet(5)}
	r.profiles[0], r.ledgers = p, append(r.ledgers, l)
	c, asked := config(r, h), atomic.Int64{}
	c.Now = func() time.Time { return now.Add(time.Duration(asked.Add(1)) * time.Second) }
	server := serve(t, c)
	b := newBrowser(t, server)
	b.show(t, server.URL+"/cp/tenant-acme/acme", 1280, "light")
	b.do(t, chromedp.Click(chromedp.CSS("#timeline summary")))
	run(t, b, chromedp.Evaluate[bool](`document.querySelector('#parts summary').focus() || true`))
	changed := p.DeepCopy()
	changed.Status.LoadLine.Ceiling, changed.Status.Replicas[0].LoadLine = 777, 778
	r.replace(0, *changed)
	run(t, b, chromedp.Poll[bool](`document.querySelector('#now').textContent.includes('777') && document.querySelector('#parts').textContent.includes('778')`))
	if !run(t, b, chromedp.Evaluate[bool](`document.activeElement === document.querySelector('#parts summary')`)) {
		t.Error("what is new has taken the focus")
	}
	if !run(t, b, chromedp.Evaluate[bool](`document.querySelector('#timeline details').open`)) {
		t.Error("what a reader has opened is closed by what is new")
	}
	b.show(t, server.URL+"/", 1280, "light")
	changed.ResourceVersion, changed.Status.LoadLine.Ceiling = "2", 888
	r.replace(0, *changed)
	run(t, b, chromedp.Poll[bool](`document.querySelector('#rows').textContent.includes('888')`))
	b.well(t)
}
