package id

import "bytes"

// missing reports whether raw stands for no id at all.
func missing(raw []byte) bool {
	if len(raw) == 0 || len(bytes.Trim(raw, "0-")) == 0 {
		return true // also 00000000-0000-0000-0000-000000000000
	}
	if len(raw) > len("not available") {
		return false
	}
	for _, word := range [...]string{"unknown", "none", "null", "nil", "n/a", "na", "undefined", "empty", "missing", "not available",
		"(null)", "<nil>", "<none>", "?", "*", "_", "false", "nan", "todo", "test", "request_id", "requestid", "trace_id", "traceid"} {
		if len(word) == len(raw) && bytes.EqualFold(raw, []byte(word)) {
			return true
		}
	}
	return false
}

// traceparent gives the trace id of "00-<32 hex>-<16 hex>-<2 hex>", of any version but ff.
func traceparent(raw []byte) ([]byte, bool) {
	const shortest = 2 + 1 + 32 + 1 + 16 + 1 + 2
	if len(raw) < shortest || raw[2] != '-' || raw[35] != '-' || raw[52] != '-' {
		return nil, false
	}
	if len(raw) > shortest && (raw[shortest] != '-' || string(raw[:2]) == "00") || bytes.EqualFold(raw[:2], []byte("ff")) {
		return nil, false
	}
	for _, part := range [][]byte{raw[:2], raw[3:35], raw[36:52], raw[53:55]} {
		if !allHex(part) {
			return nil, false
		}
	}
	return raw[3:35], true
}

// b3 gives the trace id of B3's single header, "<16 or 32 hex>-<16 hex>[-<sampled>[-<parent>]]".
func b3(raw []byte) ([]byte, bool) {
	trace, rest, ok := bytes.Cut(raw, []byte("-"))
	if !ok || len(trace) != 16 && len(trace) != 32 || len(rest) < 16 || !allHex(trace) || !allHex(rest[:16]) {
		return nil, false
	}
	return trace, len(rest) == 16 || rest[16] == '-'
}

// hex128 reads 32 hexadecimal digits, with or without a UUID's hyphens and braces.
func hex128(raw []byte) (ID, bool) {
	if len(raw) == 38 && raw[0] == '{' && raw[37] == '}' {
		raw = raw[1:37]
	}
	if len(raw) == 36 {
		if raw[8] != '-' || raw[13] != '-' || raw[18] != '-' || raw[23] != '-' {
			return ID{}, false
		}
		var digits [32]byte
		joined := append(append(append(append(append(digits[:0], raw[:8]...), raw[9:13]...), raw[14:18]...), raw[19:23]...), raw[24:]...)
		raw = joined
	}
	if len(raw) != 32 {
		return ID{}, false
	}
	hi, ok1 := hex64(raw[:16])
	lo, ok2 := hex64(raw[16:])
	if !ok1 || !ok2 || hi == 0 && lo == 0 {
		return ID{}, false
	}
	return full(hi, lo), true
}

func hex64(raw []byte) (n uint64, ok bool) {
	for _, c := range raw {
		d, ok := digit(c)
		if !ok {
			return 0, false
		}
		n = n<<4 | uint64(d)
	}
	return n, true
}

func allHex(raw []byte) bool {
	for _, c := range raw {
		if _, ok := digit(c); !ok {
			return false
		}
	}
	return true
}

func digit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func appendHex(dst []byte, n uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, digits[n>>shift&15])
	}
	return dst
}
