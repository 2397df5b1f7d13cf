package redact_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"html"
	"math/big"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/logproc/logproc/redact"
)

// corpusCase is a line of testdata/corpus.jsonl.
type corpusCase struct {
	ID       int
	Kind     string
	Log      string
	LogB64   []byte          `json:"log_b64"` // the bytes of a line that is no UTF-8
	MustHide []string        `json:"must_hide"`
	MustKeep []string        `json:"must_keep"`
	Key      *string         // of a Kafka record
	Headers  json.RawMessage // of a Kafka record: an object, or names and values in turn
}

// line gives the line to redact, and whether it is a record as kcat prints it.
func (c *corpusCase) line() (line []byte, kcat bool) {
	raw := []byte(c.Log)
	if c.LogB64 != nil {
		raw = c.LogB64
	}
	if c.Key == nil && c.Headers == nil {
		return []byte(strings.ReplaceAll(string(raw), "\n", " ")), false
	}
	var headers []string
	var named map[string]string
	if json.Unmarshal(c.Headers, &named) == nil {
		for name, value := range named {
			headers = append(headers, name, value)
		}
	}
	return []byte(object("topic", "logs", "partition", 0, "offset", c.ID, "headers", headers, "key", c.Key, "payload", string(raw))), true
}

// TestCorpus holds the built-in policy to a corpus of what must be hidden and what must be kept, looked
// at through every decoding that a reader may apply.
func TestCorpus(t *testing.T) {
	r := newRedactor(t)
	f, err := os.Open("testdata/corpus.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	redactLine := func(line []byte, kcat bool) string {
		if kcat {
			return string(r.KcatLine(line, nil).Value())
		}
		return string(r.Apply(redact.Source{Value: line}).Value())
	}
	cases := 0
	for lines.Scan() {
		var c corpusCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases++
		line, kcat := c.line()
		out := redactLine(line, kcat)
		if again := redactLine([]byte(out), kcat); again != out {
			t.Errorf("%d %s: redacted twice\n once %s\ntwice %s", c.ID, c.Kind, out, again)
		}
		seen := views(out)
		for _, hide := range c.MustHide {
			if strings.Contains(seen, hide) {
				t.Errorf("%d %s: %q leaks\n in %s\nout %s", c.ID, c.Kind, hide, line, out)
			}
		}
		for _, keep := range c.MustKeep {
			if !strings.Contains(seen, keep) {
				t.Errorf("%d %s: %q is lost\n in %s\nout %s", c.ID, c.Kind, keep, line, out)
			}
		}
	}
	if err := lines.Err(); err != nil || cases < 100 {
		t.Fatalf("read %d cases: %v", cases, err)
	}
}

var (
	base64Like = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}={0,2}`)
	floatLike  = regexp.MustCompile(`-?\d+(?:\.\d+)?[eE][+-]?\d{1,2}\b|\d+\.0\b`)
)

// views gives the text in every decoding that a reader may apply, up to three deep.
func views(text string) string {
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
