package detect_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/redact/detect"
)

// planted are values that must be found wherever they stand alone.
var planted = []string{"anna.berg@example.org", "+46701740638", "203.0.113.65", "4111111111111111", "DE89370400440532013000", "950308-9949", "2001:db8::a881", "00:00:5e:00:53:37"}

func FuzzFind(f *testing.F) {
	for _, seed := range []string{"", "a@b.cd", "x password=abc, token: d", "phone 0701740655, 0701740638", "%2B447700900841", "eyJ0eXAi.x.y", "-----BEGIN PRIVATE KEY-----\nab",
		"https://u:p@h/x?token=abc&lat=59.32,18.06", "b2tvbmt3by5kZXNtb25kNTlAa3VuZC5leGFtcGxl", "ab:cd:ef:01:23:45 12:30:45 ::1", "4111 1111 1111 1111 +46 (0)70", "<email> acc_k3_d9669dd1290d913e", "lat 1.234 lon 2.345",
		"\xff\x00\u200b＠", "Bearer abcdefghijklmnop1 Basic YTpi", "AKIATAYNKEDBCEXAMPLE", "--password x", "Cookie: a", "\\u0040&#64;%2540"} {
		f.Add([]byte(seed), uint8(0), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, n uint8, weak bool) {
		s := detect.NewScanner(detect.Options{})
		check(t, s, text, weak)
		value := planted[int(n)%len(planted)]
		with := append(append(bytes.Clone(text), "\n "+value+" \n"...), text...)
		at := len(text) + 2
		for _, sp := range s.FindAll(with, topic, 0, weak) {
			if sp.Start <= at && sp.End >= at+len(value) {
				return
			}
		}
		t.Errorf("%q is not found in %q", value, with)
	})
}

// check holds that spans are in order and in bounds, that Candidate agrees, and that what is left after
// replacing them by markers has no more of them.
func check(t *testing.T, s *detect.Scanner, text []byte, weak bool) {
	candidate := s.Candidate(text)
	spans := s.FindAll(text, topic, 0, weak)
	if len(spans) > 0 && !candidate {
		t.Errorf("Candidate misses %v in %q", spans, text)
	}
	last := 0
	for _, sp := range spans {
		if sp.Start < last || sp.End <= sp.Start || sp.End > len(text) || sp.Kind == detect.None {
			t.Fatalf("spans %v of %d bytes", spans, len(text))
		}
		last = sp.End
	}
	once := redacted(s, string(text), topic, 0, weak)
	if twice := redacted(s, once, topic, 0, weak); twice != once {
		t.Errorf("in    %q\nonce  %q\ntwice %q", text, once, twice)
	}
}

// TestLinear feeds long texts that make a careless scanner go back over and over, and compares
// them with a text of a sixteenth of the size.
func TestLinear(t *testing.T) {
	s := detect.NewScanner(detect.Options{})
	for _, unit := range []string{"@", "a@", "1", "1 ", "1-", "12.", ":", "a:", "::", "eyJ", "eyJ.", "-----BEGIN PRIVATE KEY", "https://u:", "password=", "password=\"", "+1 ", "4111 ", "%40", "\\u0040", "&#6", "Ab1/", "é", "\xff", "phone 1 ",
		"<", "aa-bb-", "lat 1.23 ", "DE12 ", "Bearer ", "AKIA", "a.", "\"@", "x=\\\"", "_k3_", "b2tv "} {
		small := fastest(s, bytes.Repeat([]byte(unit), 1<<14/len(unit)))
		large := fastest(s, bytes.Repeat([]byte(unit), 1<<18/len(unit)))
		if large > 64*small+20*time.Millisecond {
			t.Errorf("%q: 16 KiB take %v, 256 KiB %v", unit, small, large)
		}
	}
}

func fastest(s *detect.Scanner, text []byte) time.Duration {
	best := time.Hour
	for range 3 {
		start := time.Now()
		s.FindAll(text, detect.AllKinds, 0, true)
		best = min(best, time.Since(start))
	}
	return best
}

func TestNoAllocations(t *testing.T) {
	s := detect.NewScanner(detect.Options{})
	texts := [][]byte{}
	for _, c := range benchTexts {
		texts = append(texts, []byte(c.text))
	}
	for _, text := range []string{"phone 0701740655 of %2B46701740638 ＠ b2tvbmt3by5kZXNtb25kNTlAa3VuZC5leGFtcGxl", "token=abcdef, password: \"x1y2z3\"", strings.Repeat("2001:db8::1 ", 100)} {
		texts = append(texts, []byte(text))
	}
	run := func() {
		for _, text := range texts {
			s.FindAll(text, detect.AllKinds, 0, true)
			s.Candidate(text)
		}
	}
	run()
	if n := testing.AllocsPerRun(20, run); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
