package prom

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzClean lives inside the package: what it must hold for any value is the base of all exposition.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "plain-key", "\xff\xfe", "a\x00b\nc\x7f", "äöü…", string(make([]byte, 300))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, v string) {
		got := clean(v)
		if !utf8.ValidString(got) || len(got) > maxLabel+3*len(v) {
			t.Fatalf("%q became %q", v, got)
		}
		if len(got) > maxLabel {
			t.Fatalf("%d bytes", len(got))
		}
		for _, r := range got {
			if unicode.IsControl(r) {
				t.Fatalf("%q became %q", v, got)
			}
		}
		if again := clean(got); again != got {
			t.Fatalf("%q became %q, then %q", v, got, again)
		}
	})
}
