// Package redacttest is for tests of outputs: it reads a corpus of records with what must be hidden in them,
// and looks at a text through every decoding that a reader may apply.
package redacttest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math/big"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var (
	base64Like = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}={0,2}`)
	floatLike  = regexp.MustCompile(`-?\d+(?:\.\d+)?[eE][+-]?\d{1,2}\b|\d+\.0\b`)
)

// Views gives the text in every decoding that a reader may apply, up to three deep.
func Views(text string) string {
	seen, level := map[string]bool{text: true}, []string{text}
	for range 3 {
		var next []string
		for _, t := range level {
			for _, v := range decodings(t) {
				if !seen[v] {
					seen[v] = true
					next = append(next, v)
				}
			}
		}
		level = next
	}
	var all strings.Builder
	for v := range seen {
		all.WriteString(v)
		all.WriteByte('\n')
	}
	return all.String()
}

// Leaks names every value of the cases that must be hidden and is in an output, through any decoding. It decodes
// line by line, since an output as a whole is no encoding of anything.
func Leaks(output []byte, cases []Case) (leaks []string) {
	var all strings.Builder
	all.Write(output)
	seen := make(map[string]bool)
	for line := range bytes.Lines(output) {
		if text := string(bytes.TrimSpace(line)); text != "" && !seen[text] && len(text) < maxViewed {
			seen[text] = true
			all.WriteString(Views(text))
		}
	}
	text := all.String()
	for _, c := range cases {
		for _, hide := range c.MustHide {
			if strings.Contains(text, hide) {
				leaks = append(leaks, fmt.Sprintf("case %d (%s): %q is in it", c.ID, c.Kind, hide))
			}
		}
	}
	return leaks
}

// maxViewed is the size of a line beyond which it is only searched as it is.
const maxViewed = 64 << 10

func decodings(t string) []string {
	out := []string{html.UnescapeString(t), strings.Map(visible, norm.NFKC.String(t))}
	if v, err := url.PathUnescape(t); err == nil {
		out = append(out, v)
	}
	for _, v := range regexp.MustCompile(`(?:%[0-9A-Fa-f]{2})+`).FindAllString(t, -1) {
		if d, err := url.PathUnescape(v); err == nil {
			out = append(out, strings.Replace(t, v, d, 1))
		}
	}
	var value any
	d := json.NewDecoder(strings.NewReader(t))
	d.UseNumber()
	if d.Decode(&value) == nil {
		out = appendStrings(out, value)
	} else if json.Unmarshal([]byte(`"`+strings.ReplaceAll(t, `"`, "")+`"`), &value) == nil {
		out = appendStrings(out, value)
	}
	for _, m := range base64Like.FindAllString(t, -1) {
		m = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(m), "=")
		if b, err := base64.RawStdEncoding.DecodeString(m); err == nil && utf8.Valid(b) {
			out = append(out, string(b))
		}
	}
	for _, m := range floatLike.FindAllString(t, -1) {
		if n, ok := new(big.Float).SetString(m); ok {
			i, _ := n.Int(nil)
			out = append(out, i.String())
		}
	}
	return out
}

func visible(r rune) rune {
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

func appendStrings(out []string, v any) []string {
	switch v := v.(type) {
	case string:
		out = append(out, v)
	case json.Number:
		out = append(out, v.String())
	case []any:
		for _, x := range v {
			out = appendStrings(out, x)
		}
	case map[string]any:
		for k, x := range v {
			out = appendStrings(append(out, k), x)
		}
	}
	return out
}
