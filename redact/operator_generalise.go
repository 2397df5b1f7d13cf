package redact

import (
	"bytes"
	"net/netip"
	"strconv"
	"time"

	"github.com/logproc/logproc/redact/detect"
)

// generalise makes a value less exact; what cannot be read as its kind gets the marker.
func (r *Redactor) generalise(act *Action, kind detect.Kind, text []byte) []byte {
	from := len(r.arena)
	ok := false
	switch kind {
	case detect.IP:
		ok = r.network(act, text)
	case detect.Geo:
		ok = r.coarse(text, act.Decimals)
	case detect.BirthDate:
		ok = r.year(text)
	default:
		ok = r.roundTime(text, act.Step)
	}
	if !ok {
		r.arena = r.arena[:from]
		return r.markerOf(act)
	}
	return r.arena[from:]
}

// network appends the network of an address: 192.0.2.0/24.
func (r *Redactor) network(act *Action, text []byte) bool {
	address, bits, isPrefix := bytes.Cut(text, []byte("/"))
	ip, err := netip.ParseAddr(string(address))
	if err != nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	keep := act.Bits
	if !ip.Is4() {
		keep = act.Bits6
	}
	if isPrefix {
		if n, err := strconv.Atoi(string(bits)); err == nil && n >= 0 && n < keep {
			keep = n
		}
	}
	prefix, err := ip.Prefix(keep)
	if err != nil {
		return false
	}
	r.arena = prefix.AppendTo(r.arena)
	return true
}

// isNetwork reports whether the address that was found is what network made: the length of the prefix
// follows it in the text.
func isNetwork(found, behind []byte, act *Action) bool {
	if len(behind) < 2 || behind[0] != '/' || !isDigit(behind[1]) {
		return false
	}
	ip, err := netip.ParseAddr(string(found))
	if err != nil {
		return false
	}
	keep := act.Bits
	if !ip.Is4() {
		keep = act.Bits6
	}
	prefix, err := ip.Prefix(keep)
	if err != nil || prefix.Addr() != ip {
		return false
	}
	length := strconv.Itoa(keep)
	rest, ok := bytes.CutPrefix(behind[1:], []byte(length))
	return ok && (len(rest) == 0 || !isDigit(rest[0]))
}

// coarse appends text with every number in it cut to that many decimals.
func (r *Redactor) coarse(text []byte, decimals int) bool {
	found := false
	for i := 0; i < len(text); i++ {
		r.arena = append(r.arena, text[i])
		if text[i] != '.' || i == 0 || !isDigit(text[i-1]) {
			continue
		}
		n := i + 1
		for n < len(text) && isDigit(text[n]) {
			n++
		}
		found = true
		r.arena = append(r.arena, text[i+1:min(n, i+1+decimals)]...)
		if decimals == 0 {
			r.arena = r.arena[:len(r.arena)-1]
		}
		i = n - 1
	}
	return found || bytes.ContainsAny(text, "0123456789")
}

// year appends the year of a date.
func (r *Redactor) year(text []byte) bool {
	for i := 0; i+4 <= len(text); i++ {
		if i > 0 && isDigit(text[i-1]) || i+4 < len(text) && isDigit(text[i+4]) {
			continue
		}
		if n, err := strconv.Atoi(string(text[i : i+4])); err == nil && n >= 1800 && n < 2200 {
			r.arena = append(r.arena, text[i:i+4]...)
			return true
		}
	}
	return false
}

// roundTime appends a time rounded down; a step of days or more leaves the date alone.
func (r *Redactor) roundTime(text []byte, step time.Duration) bool {
	if _, err := time.Parse(time.DateOnly, string(text)); err == nil {
		r.arena = append(r.arena, text...)
		return true
	}
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return false
	}
	if step >= 24*time.Hour {
		r.arena = t.AppendFormat(r.arena, time.DateOnly)
		return true
	}
	r.arena = t.Truncate(step).AppendFormat(r.arena, time.RFC3339)
	return true
}
