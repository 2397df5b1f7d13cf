package summary

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes everything visible that could end a line, move the cursor or turn the direction of the
// text: what is not printable is written as in a Go string (\t, \u202e, \xff), and so is the backslash,
// so that two different texts never look the same. Printable text is given back as it is.
func Escape(s string) string {
	if !strings.ContainsFunc(s, needsEscape) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			const hex = "0123456789abcdef"
			b.WriteString(`\x`)
			b.WriteByte(hex[s[i]>>4])
			b.WriteByte(hex[s[i]&15])
		case needsEscape(r):
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// needsEscape includes what unicode calls a format character: marks of direction, joiners, blanks
// without width.
func needsEscape(r rune) bool { return r == '\\' || !unicode.IsPrint(r) }
