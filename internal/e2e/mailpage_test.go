//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/logproc/logproc/sinks/mail/picture"
)

var update = flag.Bool("update", false, "write the golden screenshots anew")

// pageHeight is the part of the page that is compared, in CSS pixels.
const pageHeight = 3200

// The HTML part of a mail with every section, in a real browser: the same as ever, light and dark, on a telephone
// and on a desk, with nothing to scroll sideways.
func TestMailInABrowser(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(shared.root, "sinks/summary/testdata/report.html"))
	if err != nil {
		t.Fatal(err)
	}
	days, err := picture.Days([]uint64{1, 3, 2, 5, 7, 1, 0, 4, 4, 6, 2, 1, 5, 7})
	if err != nil {
		t.Fatal(err)
	}
	inline := strings.ReplaceAll(string(page), "cid:days-0@logproc", "data:image/png;base64,"+base64.StdEncoding.EncodeToString(days))
	for _, width := range []int{375, 1200} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(fmt.Sprintf("%d %s", width, scheme), func(t *testing.T) {
				shot, content, window := browse(t, inline, width, scheme)
				if content > window || window != width {
					t.Errorf("the content is %d pixels wide, the window %d", content, window)
				}
				compareShots(t, filepath.Join("testdata", fmt.Sprintf("mail-%d-%s.png", width, scheme)), quarter(shot, width))
			})
		}
	}
}

// browse shows a page in a frame of the given width and colour scheme. A frame, because a browser's own window cannot
// be as narrow as a telephone.
func browse(t *testing.T, page string, width int, scheme string) (shot image.Image, content, window int) {
	t.Helper()
	dir := t.TempDir()
	frame := fmt.Sprintf(`<!doctype html><style>body{margin:0}iframe{border:0;width:%dpx;height:%dpx;color-scheme:%s}</style>
<iframe id="frame" srcdoc="%s"></iframe>
<script>onload = () => { const d = document.getElementById("frame").contentDocument.documentElement; document.body.dataset.widths = d.scrollWidth + " " + d.clientWidth }</script>`,
		width, pageHeight, scheme, html.EscapeString(page))
	path, picture := filepath.Join(dir, "frame.html"), filepath.Join(dir, "shot.png")
	if err := os.WriteFile(path, []byte(frame), 0o600); err != nil {
		t.Fatal(err)
	}
	dom := must(t, nil, "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--hide-scrollbars",
		"--force-device-scale-factor=1", "--font-render-hinting=none", "--user-data-dir="+filepath.Join(dir, "profile"),
		fmt.Sprintf("--window-size=%d,%d", max(width, 500), pageHeight), "--screenshot="+picture, "--dump-dom", "file://"+path)
	found := regexp.MustCompile(`data-widths="(\d+) (\d+)"`).FindStringSubmatch(dom)
	if found == nil {
		t.Fatalf("the browser does not tell the widths:\n%s", tail(dom, 3))
	}
	_, _ = fmt.Sscan(found[1]+" "+found[2], &content, &window) // digits
	data, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if shot, err = png.Decode(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	return shot, content, window
}

// quarter scales a picture down by four, each pixel the mean of sixteen, so that the edges of letters matter little.
func quarter(p image.Image, width int) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, width/4, pageHeight/4))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			var sum [3]uint32
			for i := range 16 {
				r, g, b, _ := p.At(4*x+i%4, 4*y+i/4).RGBA()
				sum[0], sum[1], sum[2] = sum[0]+r>>8, sum[1]+g>>8, sum[2]+b>>8
			}
			out.SetNRGBA(x, y, color.NRGBA{uint8(sum[0] / 16), uint8(sum[1] / 16), uint8(sum[2] / 16), 255})
		}
	}
	return out
}

// The tolerance of a comparison: other releases of browser and fonts draw letters a little differently.
const (
	maxDifferent = 0.04 // share of the pixels
	differs      = 60   // in one colour, of 255
)

func compareShots(t *testing.T, path string, got *image.NRGBA) {
	t.Helper()
	if *update {
		var out bytes.Buffer
		if err := png.Encode(&out, got); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if want.Bounds() != got.Bounds() {
		t.Fatalf("%s: size %v, want %v", path, got.Bounds(), want.Bounds())
	}
	different := 0
	for i := range got.Rect.Dx() * got.Rect.Dy() {
		x, y := i%got.Rect.Dx(), i/got.Rect.Dx()
		a, b := got.NRGBAAt(x, y), color.NRGBAModel.Convert(want.At(x, y)).(color.NRGBA)
		if max(distance(a.R, b.R), distance(a.G, b.G), distance(a.B, b.B)) > differs {
			different++
		}
	}
	share := float64(different) / float64(got.Rect.Dx()*got.Rect.Dy())
	t.Logf("%s: %.2f %% of the pixels differ", path, 100*share)
	if share > maxDifferent {
		t.Errorf("%s: %.1f %% of the pixels differ, at most %.1f %% may; look at it, and rewrite it with -update", path, 100*share, 100*maxDifferent)
	}
}

func distance(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
