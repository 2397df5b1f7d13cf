package redact_test

import (
	"testing"

	"github.com/logproc/logproc/redact"
)

// TestFieldText is about ids: they keep their digits, and nothing that identifies by itself.
func TestFieldText(t *testing.T) {
	r := redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{})
	for _, test := range []struct{ field, raw, want string }{
		{"TraceID", "aaaabbbbccccddddeeeeffff00001111", "aaaabbbbccccddddeeeeffff00001111"},
		{"RequestID", "12345678901", "12345678901"},
		{"RequestID", "bob@example.com", "<email>"},
		{"RequestID", "7f3a card 4111117862403797", "7f3a card <card>"},
		{"email", "bob@example.com", "<email>"},
		{"RequestID", "", ""},
		{"RequestID", "\xff-1", "\uFFFD-1"},
	} {
		if got := r.FieldText([]byte(test.raw), test.field).String(); got != test.want {
			t.Errorf("%s %q: %q, want %q", test.field, test.raw, got, test.want)
		}
	}
}
