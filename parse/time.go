package parse

import "time"

// The times that a Record can hold: the whole years in which Unix nanoseconds fit 64 bits.
const (
	minYear = 1678
	maxYear = 2261

	second = int64(time.Second)
	day    = 24 * 3600 * second
)

// firstNano and lastNano are the first and last instant of the years minYear to maxYear.
const (
	firstNano = -106_650 * day
	lastNano  = 106_651*day - 1
)

// ParseTime reads a time and gives Unix nanoseconds. It knows RFC 3339 and its relatives ('T' or a space,
// '.' or ',' before any number of fraction digits, an offset as Z, ±hh:mm, ±hhmm, ±hh or none for UTC)
// and numbers of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size. Times
// outside of the years 1678 to 2261 are not ok.
func ParseTime(text []byte) (ns int64, ok bool) {
	var c dateCache
	return c.parse(trim(text))
}

// dateCache remembers the last date: records of one stream mostly share it.
type dateCache struct {
	text  [10]byte
	start int64 // the date's first nanosecond
}

const layoutLength = len("2006-01-02T15:04:05")

func (c *dateCache) parse(b []byte) (ns int64, ok bool) {
	if len(b) < layoutLength || b[4] != '-' {
		return parseEpoch(b)
	}
	if [10]byte(b) != c.text {
		start, ok := parseDate([10]byte(b))
		if !ok {
			return 0, false
		}
		c.text, c.start = [10]byte(b), start
	}
	clock, ok := parseClock(b[10:layoutLength])
	if !ok {
		return 0, false
	}
	fraction, rest, ok := parseFraction(b[layoutLength:])
	if !ok {
		return 0, false
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return 0, false
	}
	ns = c.start + clock + fraction - offset // the sum cannot overflow: the years leave room for a day
	return ns, ns >= firstNano && ns <= lastNano
}

// parseDate gives the first nanosecond of a date 2006-01-02.
func parseDate(b [10]byte) (start int64, ok bool) {
	century, ok1 := twoDigits(b[0], b[1])
	years, ok2 := twoDigits(b[2], b[3])
	month, ok3 := twoDigits(b[5], b[6])
	dom, ok4 := twoDigits(b[8], b[9])
	year := century*100 + years
	if !(ok1 && ok2 && ok3 && ok4) || b[4] != '-' || b[7] != '-' || year < minYear || year > maxYear ||
		month < 1 || month > 12 || dom < 1 || dom > daysIn(year, month) {
		return 0, false
	}
	return daysSince1970(year, month, dom) * day, true
}

// daysSince1970 counts days in the Gregorian calendar, with years that begin in March so that the leap day
// is the last of its year.
func daysSince1970(year, month, dom int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	inEra := year % 400
	inYear := (153*(month-3)+2)/5 + dom - 1
	return int64(era*146_097+inEra*365+inEra/4-inEra/100+inYear) - 719_468
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// parseClock reads a separator and 15:04:05. A leap second is the first of the next minute.
func parseClock(b []byte) (ns int64, ok bool) {
	_ = b[8]
	hour, ok1 := twoDigits(b[1], b[2])
	minute, ok2 := twoDigits(b[4], b[5])
	sec, ok3 := twoDigits(b[7], b[8])
	if !(ok1 && ok2 && ok3) || b[3] != ':' || b[6] != ':' || hour > 23 || minute > 59 || sec > 60 ||
		b[0] != 'T' && b[0] != ' ' && b[0] != 't' {
		return 0, false
	}
	return int64(hour*3600+minute*60+sec) * second, true
}

func twoDigits(a, b byte) (n int, ok bool) {
	a -= '0'
	b -= '0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// parseFraction reads a fraction of a second, if there is one; digits after the ninth are cut off.
func parseFraction(b []byte) (ns int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return 0, b, true
	}
	i := 1
	for ; i < len(b) && i <= 9; i++ {
		c := b[i] - '0'
		if c > 9 {
			break
		}
		ns = ns*10 + int64(c)
	}
	ns *= fractionUnit[i-1]
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return ns, b[i:], i > 1
}

// fractionUnit gives the nanoseconds of the last of n fraction digits.
var fractionUnit = [10]int64{1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1}

// parseOffset reads an offset from UTC: none, Z, ±hh:mm, ±hhmm or ±hh, also after a space, and a zone's
// letters behind it, as Go prints a time.
func parseOffset(b []byte) (ns int64, ok bool) {
	if len(b) == 1 && (b[0] == 'Z' || b[0] == 'z') || len(b) == 0 {
		return 0, true
	}
	if b[0] == ' ' {
		b = b[1:]
	}
	if string(b) == "UTC" || string(b) == "GMT" || string(b) == "Z" {
		return 0, true
	}
	if len(b) < 3 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hour, ok := twoDigits(b[1], b[2])
	rest := b[3:]
	minute, rest, ok2 := offsetMinutes(rest)
	if !ok || !ok2 || hour > 24 || minute > 60 || !isZoneName(rest) {
		return 0, false
	}
	ns = int64(hour*60+minute) * 60 * second
	if b[0] == '-' {
		return -ns, true
	}
	return ns, true
}

func offsetMinutes(b []byte) (minute int, rest []byte, ok bool) {
	if len(b) == 0 || b[0] == ' ' {
		return 0, b, true
	}
	if b[0] == ':' {
		b = b[1:]
	}
	if len(b) < 2 {
		return 0, b, false
	}
	minute, ok = twoDigits(b[0], b[1])
	return minute, b[2:], ok
}

// isZoneName reports whether b is nothing, or a space and an abbreviation such as CEST.
func isZoneName(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	if b[0] != ' ' || len(b) < 2 || len(b) > 6 {
		return false
	}
	for _, c := range b[1:] {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// parseEpoch reads a number since 1970. Its unit is told by the number of digits before the point: up to 11
// are seconds (year 5138), up to 14 milliseconds, up to 17 microseconds, more nanoseconds.
func parseEpoch(b []byte) (ns int64, ok bool) {
	d, ok := parseDecimal(b)
	if !ok {
		return 0, false
	}
	digits := d.exp
	for m := d.mantissa; m != 0; m /= 10 {
		digits++
	}
	switch {
	case digits <= 11:
		ns, ok = d.scaled(9)
	case digits <= 14:
		ns, ok = d.scaled(6)
	case digits <= 17:
		ns, ok = d.scaled(3)
	default:
		ns, ok = d.scaled(0)
	}
	return ns, ok && ns >= firstNano && ns <= lastNano
}
