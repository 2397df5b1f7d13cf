package detect_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/logproc/logproc/redact/detect"
)

func TestHarmless(t *testing.T) {
	for _, c := range []struct {
		text         string
		kept, always bool
	}{
		{"", true, true}, {"a", true, true}, {"iOS", true, true}, {"CreditControl", true, true}, {"android-10", true, true}, {"573975", true, true},
		{"gega-redis-customer-info-http-response", true, true}, {"authenticationservice", true, true}, {"8593af5258f9cfa6ae8a3", true, true},
		{"ctrl-green.c93ff979-8486", true, false}, {"ctrl-green.c93ff979-8d86", true, true}, {"otp-4111", true, false}, {"phone-41-11-22", true, false},
		{"v-12345678", true, false}, {"v-123456789", false, false}, {"ab12345678", true, false}, {"a41111178624", true, false}, {"a411111786243797", false, false}, {"ad1234567890abcd", true, false}, {"ad12a0012b302c035d100e00", false, false}, {"ab123456c", false, false}, {"x-ab-12-34-56-c", false, false}, {"10.0.0.1", false, false},
		{"aa-bb-cc-dd-ee-ff", false, false}, {"0a-1b-2c-3d-4e-5f", false, false}, {"ro49-aaaa-1b31-b75a-93c4", false, false},
		{"a@b.se", false, false}, {"x:y", false, false}, {"ä", false, false}, {"\x00", false, false}, {"two words", false, false}, {"a.b.c", false, false},
		{"Y2FsbCArNDQ3NzAwOTAw", false, false}, {strings.Repeat("a", 63), true, true}, {strings.Repeat("a", 64), false, false},
	} {
		src := []byte(`{"k":"` + c.text + `"}`)
		for _, weak := range []bool{false, true} {
			want := c.kept
			if weak {
				want = c.always
			}
			end, _, ok := detect.Harmless(src, len(`{"k":"`), topic, weak)
			if ok != want || ok && end != len(src)-2 {
				t.Errorf("%q: %t, ends at %d, weak evidence %t", c.text, ok, end, weak)
			}
		}
	}
	if _, _, ok := detect.Harmless([]byte("no end"), 0, topic, false); ok {
		t.Error("a text without an end is harmless")
	}
}

// TestHarmlessHoldsNothing makes texts of what findings are made of: in one that is harmless, there is none.
func TestHarmlessHoldsNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 2026))
	parts := []string{"a", "f", "x", "ab", "se", "de", "no", "SN", "tg", "1", "7", "12", "460", "4111", "123456", "0701740", "-", "_", ".", "--", "c", "d", "A",
		"AKIA", "JWT", "otp", "pin", "tel", "phone", "Bearer", "Basic", "password", "imsi", "ssn", "lat", "lon", "code", "iban", "ro49", "ee", "ad", "de89", "370400440", "5.25", "YWJj", "b2tv", "bmt3", "@", " ", ":", "é"}
	s := detect.NewScanner(detect.Options{})
	harmless := 0
	for range 2_000_000 {
		var text []byte
		for range 1 + r.IntN(9) {
			text = append(text, parts[r.IntN(len(parts))]...)
		}
		harmless += checkHarmless(t, s, text)
	}
	for range 200_000 { // numbers of people, with something before and behind
		m := made[r.IntN(len(made))]
		text := strings.ToLower(parts[r.IntN(len(parts))] + m.valid(r) + parts[r.IntN(len(parts))])
		harmless += checkHarmless(t, s, []byte(text))
	}
	if harmless < 100_000 {
		t.Errorf("only %d texts are harmless", harmless)
	}
}

func checkHarmless(t *testing.T, s *detect.Scanner, text []byte) (harmless int) {
	for _, c := range []struct {
		on   detect.Kinds
		weak bool
	}{{topic, false}, {topic, true}, {detect.AllKinds, false}, {detect.AllKinds, true}} {
		end, word, ok := detect.Harmless(append(bytes.Clone(text), '"'), 0, c.on, c.weak)
		if !ok {
			continue
		}
		harmless++
		for _, w := range bytes.FieldsFunc(text[:end], func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
			if len(w) > word && bytes.ContainsAny(w, "0123456789") {
				t.Errorf("%q has a word of more than %d bytes", text, word)
			}
		}
		if spans := s.FindAll(text[:end], c.on, 0, c.weak); len(spans) > 0 {
			t.Errorf("%q is harmless, but %v is in it, weak evidence %t", text, spans, c.weak)
		}
	}
	return harmless
}

func FuzzHarmless(f *testing.F) {
	for _, seed := range []string{"", "ab123456c", "ae00000aaa00aaaaaaa000a", "8593af5258f9cfa6ae8a3", "ctrl-green.c93ff979-8486", "CreditControl", "10.0.0.1", "\xc3\xa4\"", "a\"b"} {
		f.Add([]byte(seed))
	}
	s := detect.NewScanner(detect.Options{})
	f.Fuzz(func(t *testing.T, text []byte) { checkHarmless(t, s, text) })
}

func BenchmarkHarmless(b *testing.B) {
	for _, text := range []string{"iOS", "CreditControl", "8593af5258f9cfa6ae8a3", "ctrl-green.c93ff979-8486", "brkr-somesystem-http-response"} {
		src := []byte(`"` + text + `","next":1}`)
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				detect.Harmless(src, 1, topic, false)
			}
		})
	}
}
