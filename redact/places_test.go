package redact_test

import (
	"encoding/base64"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact/redacttest"
)

// hiddenTexts are texts with the part that must go, one or two for each kind.
var hiddenTexts = [][2]string{
	{"user siobhan.b+x@kund.example not found", "siobhan.b+x@kund.example"},
	{"dial tcp 198.51.100.7:5432: refused", "198.51.100.7"},
	{"peer [2001:db8:6a91:a697::2881]:443 reset", "2001:db8:6a91:a697::2881"},
	{"dhcp lease for 00:00:5e:00:53:49", "00:00:5e:00:53:49"},
	{"kort 4111 1111 1111 1111 nekat", "4111 1111 1111 1111"},
	{"Konto DE89370400440532013000 gesperrt", "DE89370400440532013000"},
	{"kund 950308-9949 saknas", "950308-9949"},
	{"ugyldig fnr. 22015465089", "22015465089"},
	{"ssn 887-59-6077 failed", "887-59-6077"},
	{"NI SN627926D mismatch", "SN627926D"},
	{"ring +46701740638 nu", "+46701740638"},
	{"opkald til 020 7946 0712 fejlede", "020 7946 0712"},
	{"soitto numeroon 040 123 4522", "040 123 4522"},
	{"imsi 001014117715162 barred", "001014117715162"},
	{"position 59.329323, 18.068581", "59.329323"},
	{"login password := Zq7xaaTTx9 failed", "Zq7xaaTTx9"},
	{"Authorization: Bearer SMLboLV6ubrYToe2LfekHXEH8c88", "SMLboLV6ubrYToe2LfekHXEH8c88"},
	{"probing redis://ingest:Ny5qTc4WLX@cache.example.net", "Ny5qTc4WLX"},
	{"/cb?client_secret=Zq7xaaTTx9&page=2", "Zq7xaaTTx9"},
	{"lookup AKIATAYNKEDBCEXAMPLE skipped", "AKIATAYNKEDBCEXAMPLE"},
}

// places are where a text can hide in a line.
var places = map[string]func(text string) string{
	"value": func(text string) string { return object("msg", "m", "note", text) },
	"array": func(text string) string {
		return object("list", []any{"ok", 7, []any{text, map[string]any{"a": text}}})
	},
	"twice":      func(text string) string { return `{"a":` + string(marshal(text)) + `,"a":1}` },
	"prose kept": func(text string) string { return object("status", text, "line", text) },
	"label":      func(text string) string { return object("action", text) },
	"escaped":    func(text string) string { return `{"a":"` + escapedAll(text) + `"}` },
	"in JSON":    func(text string) string { return object("body", object("inner", object("a", text))) },
	"in text":    func(text string) string { return object("body", "got "+object("a", text)+" done") },
	"percent":    func(text string) string { return object("uri", "/v1/x?q="+url.PathEscape(url.PathEscape(text))) },
	"entities": func(text string) string {
		return object("a", html.EscapeString(strings.ReplaceAll(text, "@", "&#64;")))
	},
	"base64": func(text string) string {
		return object("a", base64.StdEncoding.EncodeToString([]byte("v: "+text+" end")))
	},
	"wide":      func(text string) string { return object("a", strings.Map(wide, text)) },
	"invisible": func(text string) string { return object("a", strings.ReplaceAll(text, "0", "\u200b0")) },
	"cut off":   func(text string) string { return `{"msg":"m","a":` + strings.TrimSuffix(string(marshal(text)), `"`) },
	"plain":     func(text string) string { return "2019-09-24 09:29:07,123 ERROR [main] " + text },
	"stack trace": func(text string) string {
		return object("err", "java.lang.Error: bad\n\tat x.Y(Y.java:7)\nCaused by: "+text)
	},
	"coloured":  func(text string) string { return object("a", "\x1b[31m"+text+"\x1b[0m") },
	"not UTF-8": func(text string) string { return "{\"a\":\"\xff\xfe " + text + " \xc3\"}" },
}

func wide(c rune) rune {
	if c > ' ' && c <= '~' {
		return c + 0xfee0
	}
	return c
}

// TestPlaces: whatever is hidden in one place is hidden in all.
func TestPlaces(t *testing.T) {
	r := newRedactor(t)
	for name, place := range places {
		for _, c := range hiddenTexts {
			line := place(c[0])
			if out := check(t, r, []byte(line)); strings.Contains(redacttest.Views(out), c[1]) {
				t.Errorf("%s: %q leaks\n in %q\nout %q", name, c[1], line, out)
			}
		}
	}
}

// TestNearMissesStay: what looks like something to hide and is not.
func TestNearMissesStay(t *testing.T) {
	r := newRedactor(t)
	for _, text := range []string{
		"build 7.0.12.4 failed to start", "nginx/1.2.3.4 ready", "octet 300.1.2.999", "ratio 3:4:5", "supplier org 558624-4500", "slot 900-12-3456",
		"part NK654321B out of stock", "product key GB04ZZXQ21541048635964", "mobile users 242218 total", "phone lookup took 123456 ms",
		"batch 0046-A-1740605-Z", "token refresh took 81 ms", "password must contain 8 characters", "password=****", "password=<redacted>", "enter password 'or press enter'", "token=[REDACTED]",
		"max_tokens=512 tokens: 12", "unexpected token '}' at 12", "p50 59.329323 p99 181.068581 ms", "point 3.14 2.71", "shipment 28115465397 weighed",
		"lease expires at 1684250964343", "tac 00101 cell 001019988 up", "icon@2x.png", "net@v0.17.0", "arn:aws:iam::123456789012:role/x", "puk: blocked",
		"order 918273645 shipped", "checksum 1s/Hmc2A6fO3/1h0+WrG8UKG1GOEa9aB1NMpI12MxEVU", "imei 001017035254162 blacklisted",
	} {
		line := object("note", text)
		if out := check(t, r, []byte(line)); out != line {
			t.Errorf("in %s\nout %s", line, out)
		}
	}
}
