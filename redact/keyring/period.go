package keyring

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// FormatPeriod writes a time as the key file does, whole days as in "90d".
func FormatPeriod(d time.Duration) string {
	if d >= day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	return d.String()
}

// errPeriod is all that ParsePeriod finds wrong.
var errPeriod = errors.New("it is no time such as 90d or 12h")

// ParsePeriod reads whole days as in "90d" or what time.ParseDuration reads; nothing negative.
func ParsePeriod(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, errPeriod
		}
		return time.Duration(n) * day, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, errPeriod
	}
	return d, nil
}
