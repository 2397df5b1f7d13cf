package parse

import (
	"bytes"
	"math"
	"strings"
)

// Milliseconds per unit of a duration.
const (
	nanosecond  = 1e-6
	microsecond = 1e-3
	millisecond = 1.0
	wholeSecond = 1e3
	minute      = 60e3
	hour        = 3600e3
)

// unitOfName gives the unit that a field's name ends in: "duration_us", "tookSeconds". A name without
// one means milliseconds, but for ECS's event.duration, which is in nanoseconds.
func unitOfName(name string) float64 {
	if name == "event.duration" {
		return nanosecond
	}
	switch lastWord(name) {
	case "ns", "nano", "nanos", "nanoseconds":
		return nanosecond
	case "us", "micro", "micros", "microseconds":
		return microsecond
	case "s", "sec", "secs", "second", "seconds":
		return wholeSecond
	}
	return millisecond
}

// lastWord gives what follows the last '_', '-' or '.', or the last change from lower to upper case.
func lastWord(name string) string {
	for i := len(name) - 1; i > 0; i-- {
		switch c := name[i]; {
		case c == '_' || c == '-' || c == '.':
			return strings.ToLower(name[i+1:])
		case c >= 'A' && c <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z':
			return strings.ToLower(name[i:])
		}
	}
	return ""
}

// parseDuration reads a number in the given unit (milliseconds per unit), or numbers with units of their
// own as Go prints them ("81.2ms", "1m2s"). Negative and infinite durations are not ok.
func parseDuration(text []byte, unit float64) (Millis, bool) {
	text = trim(text)
	if d, ok := parseDecimal(text); ok {
		return asMillis(d.float() * unit)
	}
	total := 0.0
	for len(text) > 0 {
		n := 0
		for n < len(text) && (text[n] >= '0' && text[n] <= '9' || text[n] == '.') {
			n++
		}
		d, ok := parseDecimal(text[:n])
		if !ok {
			return 0, false
		}
		unit, rest, ok := cutUnit(bytes.TrimLeft(text[n:], " "))
		if !ok {
			return 0, false
		}
		total += d.float() * unit
		text = bytes.TrimLeft(rest, " ")
	}
	return asMillis(total)
}

func asMillis(f float64) (Millis, bool) {
	if f < 0 || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	return Millis(f + 0), true // + 0 makes -0 a plain 0
}

// cutUnit takes a unit off the start of text.
func cutUnit(text []byte) (unit float64, rest []byte, ok bool) {
	n := 0
	for n < len(text) && (text[n] >= 'a' && text[n] <= 'z' || text[n] >= 'A' && text[n] <= 'Z' || text[n] >= 0x80) {
		n++
	}
	switch string(text[:n]) {
	case "ns":
		unit = nanosecond
	case "us", "µs", "μs": // the micro sign, and the Greek letter
		unit = microsecond
	case "ms", "msec", "millis", "milliseconds":
		unit = millisecond
	case "s", "sec", "secs", "second", "seconds":
		unit = wholeSecond
	case "m", "min", "mins":
		unit = minute
	case "h":
		unit = hour
	default:
		return 0, nil, false
	}
	return unit, text[n:], true
}
