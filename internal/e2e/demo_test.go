//go:build e2e

package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// The demonstration needs nothing beside the program. Its summaries show the incident, and nothing of
// the e-mail addresses that one of its services leaks.
func TestDemo(t *testing.T) {
	t.Parallel() // lasts as long as it is told to
	began := time.Now()
	r := call(t, nil, shared.program, "demo", "--for", "16s")
	if took := time.Since(began); r.code != 0 || took > 40*time.Second {
		t.Fatalf("exit code %d after %v:\n%s", r.code, took, tail(r.stderr, 20))
	}
	for _, want := range []string{
		"PAYMENT Daily Summary prod ",
		"payment-charge-fail-err_bank_timeout\t",
		"AUTH Daily Summary prod ",
		"_invalid\t",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in the summaries:\n%s", want, tail(r.stdout, 60))
		}
	}
	if !regexp.MustCompile(`http://127\.0\.0\.1:\d+`).MatchString(r.stdout + r.stderr) {
		t.Error("it does not say where the metrics are")
	}
	if strings.Contains(r.stdout+r.stderr, "@example.com") {
		t.Error("an e-mail address is in the output")
	}
}
