package conf

import (
	"encoding"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// errType says that a text does not fit the type; the message is made from the type.
var errType = errors.New("it has the wrong type")

// setText reads text into v, which is no list, map or struct unless it reads text itself.
func setText(v reflect.Value, text string) error {
	if v.Type() == durationType {
		d, err := parseDuration(text)
		if err != nil {
			return errType
		}
		v.SetInt(int64(d))
		return nil
	}
	if readsText(v.Type()) {
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return errType
		}
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, base(text), v.Type().Bits())
		if err != nil {
			return errType
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(text, base(text), v.Type().Bits())
		if err != nil {
			return errType
		}
		v.SetUint(n)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return errType
		}
		v.SetFloat(f)
	default:
		return errType
	}
	return nil
}

// base keeps a leading zero from meaning octal, which nobody expects of YAML 1.2; 0x, 0o, 0b and
// underscores are read as Go does.
func base(text string) int {
	digits := strings.TrimLeft(text, "+-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return 10
	}
	return 0
}

// parseDuration reads Go's durations and days of 24 hours in front of them: "35d", "1d12h".
func parseDuration(text string) (time.Duration, error) {
	days, rest, ok := strings.Cut(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, err
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil {
		return 0, err
	}
	if more < 0 || d+more < d {
		return 0, errType
	}
	return d + more, nil
}
