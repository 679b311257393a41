// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// The pictures of docs/dashboard.md. That of a control plane is of a dashboard that runs, such
// as `make demo KEEP=1` leaves it; without one it is of what the tests make up:
//
//	EVENKEEL_SCREENSHOTS=$PWD/docs EVENKEEL_DASHBOARD=http://127.0.0.1:8082 EVENKEEL_TOKEN=... go test ./operator/web -run DocPictures
func TestDocPictures(t *testing.T) {
	server := dashboard(t, 60)
	b, address := newBrowser(t, server), server.URL
	b.picture(t, "dashboard-fleet", address+"/", "light", 800)
	if running := os.Getenv("EVENKEEL_DASHBOARD"); running != "" {
		b.well(t)
		b, address = signedIn(t, running, os.Getenv("EVENKEEL_TOKEN")), running
	}
	b.picture(t, "dashboard-plane", address+"/cp/tenant-acme/acme", "dark", 1390)
	b.well(t)
}

// picture takes a picture of a page, small enough for a page of docs.
func (b *browser) picture(t *testing.T, name, address, scheme string, height int) {
	t.Helper()
	b.show(t, address, 1280, scheme)
	small := shrink(t, run(t, b, chromedp.FullScreenshot(100)), height)
	if len(small) > 150<<10 {
		t.Errorf("%s has %d bytes, which is much for a page of docs", name, len(small))
	}
	if err := os.WriteFile(filepath.Join(screenshots(t), name+".png"), small, 0o600); err != nil {
		t.Fatal(err)
	}
}

func screenshots(t *testing.T) string {
	t.Helper()
	if folder := os.Getenv("EVENKEEL_SCREENSHOTS"); folder != "" {
		return folder
	}
	return t.ArtifactDir()
}

// colors is how many a picture of docs has.
const colors = 192

// shrink cuts a picture off below a height, and leaves it the colors that it has most of.
func shrink(t *testing.T, picture []byte, height int) []byte {
	t.Helper()
	whole, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	r := whole.Bounds()
	r.Max.Y = min(r.Max.Y, r.Min.Y+height)
	count := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(whole.At(x, y)).(color.RGBA) }
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	most := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(int(a.R)<<16|int(a.G)<<8|int(a.B), int(b.R)<<16|int(b.G)<<8|int(b.B)))
	})
	palette := color.Palette{}
	for _, c := range most[:min(colors, len(most))] {
		palette = append(palette, c)
	}
	out, nearest := image.NewPaletted(r, palette), map[color.RGBA]uint8{}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := at(x, y)
			if _, is := nearest[c]; !is {
				nearest[c] = uint8(palette.Index(c)) //nolint:gosec // of colors, which are fewer than 256
			}
			out.SetColorIndex(x, y, nearest[c])
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
