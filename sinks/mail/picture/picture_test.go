package picture_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"github.com/logproc/logproc/sinks/mail/picture"
)

func draw(t *testing.T, counts []uint64) image.Image {
	t.Helper()
	data, err := picture.Days(counts)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 4096 {
		t.Errorf("%d bytes for %d days", len(data), len(counts))
	}
	p, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// height is how many pixels of a column are painted, from the bottom.
func height(p image.Image, x int) (n int) {
	for y := range picture.Height {
		if _, _, _, a := p.At(x, y).RGBA(); a > 0x8000 {
			n++
		}
	}
	return n
}

func TestColumnsAreAsHighAsTheCounts(t *testing.T) {
	p := draw(t, []uint64{0, 10, 20, 40})
	for i, share := range []float64{0, 0.25, 0.5, 1} {
		x := (2*i + 1) * picture.Width / 8
		if got := height(p, x); math.Abs(float64(got)-share*picture.Height) > 4 {
			t.Errorf("day %d: %d of %d pixels, want about %.0f %%", i, got, picture.Height, share*100)
		}
	}
	past, today := color.NRGBAModel.Convert(p.At(5*picture.Width/8, picture.Height-4)).(color.NRGBA), color.NRGBAModel.Convert(p.At(7*picture.Width/8, picture.Height-4)).(color.NRGBA)
	if past == today || past.B < past.R || today.R < today.B {
		t.Errorf("the last day is not highlighted: %v, %v", past, today)
	}
	if _, _, _, a := p.At(2, 2).RGBA(); a != 0 {
		t.Error("the background is not transparent")
	}
}

func TestAnyCounts(t *testing.T) {
	for _, counts := range [][]uint64{{0}, {7}, {0, 0, 0}, {math.MaxUint64, 1}, make([]uint64, 400)} {
		if p := draw(t, counts); p.Bounds() != image.Rect(0, 0, picture.Width, picture.Height) {
			t.Errorf("size %v", p.Bounds())
		}
	}
	if _, err := picture.Days(nil); err == nil {
		t.Error("no error without days")
	}
}

func BenchmarkDays(b *testing.B) {
	counts := make([]uint64, 28)
	for i := range counts {
		counts[i] = uint64(i * i % 17)
	}
	for b.Loop() {
		if _, err := picture.Days(counts); err != nil {
			b.Fatal(err)
		}
	}
}
