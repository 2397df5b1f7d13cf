// Package picture draws the small pictures of mails: what a key's count did over the last days.
package picture

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/wcharczuk/go-chart/v2"
	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Size of a picture in pixels. It is shown at half of it, for screens that are finer than CSS pixels.
const (
	Width  = 336
	Height = 48
)

// MaxDays is the number of days that a picture shows at most, the newest.
const MaxDays = 42

// The colours have enough contrast on white and on black, since the picture does not know which it is shown on.
func past() drawing.Color  { return drawing.Color{R: 0x6b, G: 0x8f, B: 0xc2, A: 255} }
func today() drawing.Color { return drawing.Color{R: 0xd9, G: 0x7d, B: 0x1a, A: 255} }

var errNoDays = errors.New("a picture needs a day at least")

// Days draws a column for each day, the last one highlighted, as a PNG without a background.
func Days(counts []uint64) ([]byte, error) {
	if len(counts) == 0 {
		return nil, errNoDays
	}
	counts = counts[max(0, len(counts)-MaxDays):]
	c := chart.Chart{
		Width: Width, Height: Height,
		Background:     chart.Style{FillColor: drawing.ColorTransparent, StrokeColor: drawing.ColorTransparent, Padding: chart.Box{Top: 1, Left: 1, Right: 1, Bottom: 1}},
		Canvas:         chart.Style{FillColor: drawing.ColorTransparent, StrokeColor: drawing.ColorTransparent},
		YAxisSecondary: chart.YAxis{Style: chart.Hidden()},
		XAxis:          chart.XAxis{Style: chart.Hidden(), Range: &chart.ContinuousRange{Min: -0.5, Max: float64(len(counts)) - 0.5}},
		YAxis:          chart.YAxis{Style: chart.Hidden(), Range: &chart.ContinuousRange{Min: 0, Max: largest(counts)}},
	}
	last := len(counts) - 1
	c.Series = append(c.Series, columns(counts, func(i int) bool { return i < last }, past()), columns(counts, func(i int) bool { return i == last }, today()))
	var out bytes.Buffer
	if err := c.Render(chart.PNG, &out); err != nil {
		return nil, fmt.Errorf("draw the days: %w", err)
	}
	return out.Bytes(), nil
}

// columns is a series of all days in which those that are not shown are empty.
func columns(counts []uint64, shown func(i int) bool, color drawing.Color) chart.Series {
	x, y := make([]float64, len(counts)), make([]float64, len(counts))
	for i, n := range counts {
		x[i] = float64(i)
		if shown(i) {
			y[i] = float64(n)
		}
	}
	return chart.HistogramSeries{
		InnerSeries: chart.ContinuousSeries{XValues: x, YValues: y},
		Style:       chart.Style{FillColor: color, StrokeColor: drawing.ColorTransparent},
	}
}

// largest gives the upper end of the scale; an axis of no length cannot be drawn.
func largest(counts []uint64) float64 {
	most := uint64(1)
	for _, n := range counts {
		most = max(most, n)
	}
	return float64(most)
}
