// Package id reads the ids by which log records belong together: RequestIDs and trace ids, in whatever form
// the logger wrote them. Two spellings of one id give equal IDs, and words that only stand for a missing id
// (`-`, `0`, `unknown`) give none.
//
// An ID is for finding and joining. It holds nothing of a free-form id but a hash; what is shown of it is
// the redactor's to say.
package id

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// Form says what an ID was read from, and so what it may be joined with.
type Form uint8

// The forms.
const (
	None  Form = iota
	Full       // 128 bits: a UUID, 32 hexadecimal digits, a traceparent, B3
	Short      // 64 bits, of a system that knows no more (Datadog's decimal, B3's 16 digits): the low half of a full id
	Free       // anything else; Hi and Lo are a hash
)

// MaxBytes is the longest id that is read; only so many bytes of a longer one, and its length, tell it from others.
const MaxBytes = 256

// ID is an id in its normal form. It is comparable; the zero ID is none.
type ID struct {
	Hi, Lo uint64
	Form   Form
}

// IsZero reports whether there is no id.
func (i ID) IsZero() bool { return i.Form == None }

// String gives 32 hexadecimal digits, 16 for a short id. Of a free form it is the hash.
func (i ID) String() string {
	if i.IsZero() {
		return ""
	}
	buf := make([]byte, 0, 32)
	if i.Form != Short {
		buf = appendHex(buf, i.Hi)
	}
	return string(appendHex(buf, i.Lo))
}

// Low gives the short form of a full or short id, by which the two can be joined; the zero ID of any other.
func (i ID) Low() ID {
	if i.Form != Full && i.Form != Short {
		return ID{}
	}
	return ID{Lo: i.Lo, Form: Short}
}

// Request reads a RequestID. Case matters but in a UUID. Decimal numbers are free forms: nothing says that
// they are 64 bits wide.
func Request(raw []byte) ID {
	raw = bytes.TrimSpace(raw)
	if missing(raw) {
		return ID{}
	}
	if full, ok := hex128(raw); ok {
		return full
	}
	return free(raw)
}

// Trace reads a trace id: W3C traceparent, B3 (single header or id alone), UUID, 16 or 32 hexadecimal digits,
// Datadog's decimal number, or a free form. Ids that are all zeros are none, as their specifications say.
func Trace(raw []byte) ID {
	raw = bytes.TrimSpace(raw)
	if missing(raw) {
		return ID{}
	}
	trace := raw
	if part, ok := traceparent(raw); ok {
		trace = part
	} else if part, ok := b3(raw); ok {
		trace = part
	}
	if missing(trace) {
		return ID{}
	}
	if full, ok := hex128(trace); ok {
		return full
	}
	if len(trace) == 16 {
		if lo, ok := hex64(trace); ok {
			return short(lo)
		}
	}
	if lo, ok := decimal(trace); ok {
		return short(lo)
	}
	return free(raw)
}

func short(lo uint64) ID { return ID{Lo: lo, Form: Short} }

// full makes an ID of 128 bits. Datadog and B3 pad 64 bits with zeros, which makes a short one.
func full(hi, lo uint64) ID {
	if hi == 0 {
		return short(lo)
	}
	return ID{Hi: hi, Lo: lo, Form: Full}
}

// free hashes an id of no known form. The hash has to hold against ids that somebody chose to collide.
func free(raw []byte) ID {
	if len(raw) > MaxBytes {
		raw = strconv.AppendInt(raw[:MaxBytes:MaxBytes], int64(len(raw)), 10)
	}
	h := sha256.Sum256(raw)
	return ID{Hi: binary.BigEndian.Uint64(h[:]), Lo: binary.BigEndian.Uint64(h[8:]), Form: Free}
}

// decimal reads a number of 64 bits. Shorter ones than seven digits are counters rather than random ids, and
// would be shared by requests that have nothing to do with each other.
func decimal(raw []byte) (uint64, bool) {
	if len(raw) < 7 || len(raw) > 20 || raw[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(raw), 10, 64)
	return n, err == nil
}
