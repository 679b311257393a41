// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a real Chromium that is signed in. Whoever has none skips what needs it.
type browser struct {
	ctx      context.Context //nolint:containedctx // chromedp's contexts are its browsers
	mu       sync.Mutex
	problems []string
}

func newBrowser(t *testing.T, server *httptest.Server) *browser {
	t.Helper()
	return signedIn(t, server.URL, "letmein")
}

// signedIn is a browser that has shown a token at the dashboard of an address.
func signedIn(t *testing.T, address, token string) *browser {
	t.Helper()
	path := os.Getenv("EVENKEEL_CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); path == "" && err == nil {
			path = found
		}
	}
	if path == "" {
		t.Skip("there is no Chromium to show the dashboard in: install one, or name it by EVENKEEL_CHROMIUM")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	b := &browser{ctx: ctx}
	here, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, func(event any) { b.hear(event, here.Host) }); err != nil {
		t.Fatal(err)
	}
	call(t, b, network.Enable, network.EnableParams{})
	call(t, b, log.Enable, cdp.Empty{})
	b.do(t, chromedp.Navigate(address+"/login"), chromedp.SendKeys(chromedp.CSS("#token"), token), chromedp.Click(chromedp.CSS("button.main")), chromedp.WaitReady(chromedp.CSS("#rows, #now")))
	return b
}

// hear notes what no page may do: write to the console, fail, or ask another host.
func (b *browser) hear(event any, host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.problems = append(b.problems, "console: "+e.Entry.Text+" "+e.Entry.URL)
		}
	case *cdpruntime.EventConsoleAPICalled:
		b.problems = append(b.problems, "console: "+e.Type.String())
	case *cdpruntime.EventExceptionThrown:
		b.problems = append(b.problems, "exception: "+e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && strings.HasPrefix(u.Scheme, "http") && u.Host != host {
			b.problems = append(b.problems, "request to "+e.Request.URL)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			b.problems = append(b.problems, "failed: "+e.Response.URL)
		}
	}
}

// longest bounds a step of a browser.
const longest = 60 * time.Second

func (b *browser) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, longest)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// run is what an action gives.
func run[T any](t *testing.T, b *browser, a chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, longest)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func call[P, R any](t *testing.T, b *browser, c cdp.Command[P, R], params P) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, c, params); err != nil {
		t.Fatal(err)
	}
}

// show opens a page of a width, dark or light.
func (b *browser) show(t *testing.T, address string, width int64, scheme string) {
	t.Helper()
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	b.do(t, chromedp.EmulateViewport(width, 860), chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("main")))
}

// keep keeps a picture of the page.
func (b *browser) keep(t *testing.T, name string, whole bool) {
	t.Helper()
	take := chromedp.CaptureScreenshot()
	if whole {
		take = chromedp.FullScreenshot(100)
	}
	if err := os.WriteFile(filepath.Join(screenshots(t), name+".png"), run(t, b, take), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (b *browser) well(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		t.Error(p)
	}
}

// dashboard serves a fleet with acme in it.
func dashboard(t *testing.T, n int) *httptest.Server {
	t.Helper()
	p, l, h := acme()
	r := &reader{profiles: fleet(n)}
	r.profiles[0] = p
	r.ledgers = append(r.ledgers, l)
	c := config(r, h)
	c.Probes = acmeProbes(p)
	return serve(t, c)
}

// Pages are looked at as people do: wide and narrow, dark and light.
func TestPictures(t *testing.T) {
	server := dashboard(t, 60)
	b := newBrowser(t, server)
	for name, path := range map[string]string{"fleet": "/", "plane": "/cp/tenant-acme/acme", "down": "/cp/tenant-hooli/hooli", "day": "/cp/tenant-acme/acme?range=24h", "report": "/cp/tenant-acme/acme/report?month=2026-11", "login": "/login"} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 400} {
				b.show(t, server.URL+path, width, scheme)
				if run(t, b, chromedp.Evaluate[bool]("document.documentElement.scrollWidth > innerWidth")) {
					t.Errorf("%s is wider than %d px", path, width)
				}
				size := "wide"
				if width < 1000 {
					size = "narrow"
				}
				b.keep(t, name+"-"+size+"-"+scheme, name != "fleet")
			}
		}
	}
	b.well(t)
}
