package parse

import "bytes"

// ParseLevel reads a level by the name or number that any of the common loggers gives it, in any case:
// names and abbreviations, slog's "ERROR+2", syslog's 0 to 7, and 10 to 60 as bunyan and pino count.
// It gives LevelUnknown for anything else.
func ParseLevel(text []byte) Level {
	if l := levelOfName(text); l != LevelUnknown {
		return l // as most loggers write it
	}
	return parseLevelSlow(trim(text))
}

func parseLevelSlow(text []byte) Level {
	var low [16]byte
	if len(text) == 0 || len(text) > len(low) {
		return severityName(text)
	}
	if text[0] >= '0' && text[0] <= '9' {
		return levelOfText(text)
	}
	n := copy(low[:], text)
	for i := range n {
		if c := low[i]; c >= 'A' && c <= 'Z' {
			low[i] = c + 'a' - 'A'
		}
	}
	if l := levelOfName(low[:n]); l != LevelUnknown {
		return l
	}
	return levelWithOffset(low[:n])
}

// levelOfName knows the names in lower case.
func levelOfName(name []byte) Level {
	switch string(name) {
	case "info", "information", "informational", "inf", "i", "notice", "note", "success", "config":
		return LevelInfo
	case "debug", "dbg", "debu", "d", "fine", "http":
		return LevelDebug
	case "error", "err", "erro", "eror", "e", "severe", "failure":
		return LevelError
	case "warning", "warn", "wrn", "w":
		return LevelWarning
	case "fatal", "ftl", "f", "panic", "pnc", "dpanic", "crit", "critical", "c", "emerg", "emergency", "alert":
		return LevelFatal
	case "trace", "trc", "t", "verbose", "vrb", "v", "silly", "finer", "finest", "all":
		return LevelTrace
	}
	return LevelUnknown
}

// levelWithOffset reads slog's names of levels in between: "error+2" is an error, and what lies below
// debug is a trace.
func levelWithOffset(name []byte) Level {
	i := bytes.IndexAny(name, "+-")
	if i <= 0 || i == len(name)-1 {
		return LevelUnknown
	}
	for _, c := range name[i+1:] {
		if c < '0' || c > '9' {
			return LevelUnknown
		}
	}
	l := levelOfName(name[:i])
	if l == LevelDebug && name[i] == '-' {
		return LevelTrace
	}
	return l
}

// levelOfText reads a number in text.
func levelOfText(text []byte) Level {
	if n, ok := parseInteger(text); ok {
		return levelOfNumber(n)
	}
	return LevelUnknown
}

// levelOfNumber knows syslog's severities and the numbers of bunyan and pino, whose levels in between
// belong to the next lower one.
func levelOfNumber(n int64) Level {
	switch {
	case n >= 10 && n <= 60:
		return LevelTrace + Level(n/10-1)
	case n >= 0 && n <= 2:
		return LevelFatal
	case n == 3:
		return LevelError
	case n == 4:
		return LevelWarning
	case n == 5 || n == 6:
		return LevelInfo
	case n == 7:
		return LevelDebug
	}
	return LevelUnknown
}

// severityOfNumber knows OTLP's severityNumber: four numbers for each level.
func severityOfNumber(n int64) Level {
	if n < 1 || n > 24 {
		return LevelUnknown
	}
	return LevelTrace + Level((n-1)/4)
}

// severityName knows severityNumber as an enum's name: "SEVERITY_NUMBER_WARN2".
func severityName(text []byte) Level {
	name, ok := bytes.CutPrefix(text, []byte("SEVERITY_NUMBER_"))
	if !ok {
		return LevelUnknown
	}
	return ParseLevel(bytes.TrimRight(name, "234"))
}
