package keyring

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
)

// Sizes of a secret in bytes.
const (
	minSecret = 32
	maxSecret = 1024
)

// secret is the random bytes of a key. The zero value is a secret that was destroyed. It hides behind a
// function because that is the one kind of value of which nothing can print more than the address.
type secret struct{ reveal func() []byte }

func keep(b []byte) secret { return secret{func() []byte { return b }} }

// newSecret draws a secret.
func newSecret(random io.Reader) (secret, error) {
	b := make([]byte, minSecret)
	if _, err := io.ReadFull(random, b); err != nil {
		return secret{}, fmt.Errorf("draw a random key: %w", err)
	}
	return keep(b), nil
}

func (s secret) there() bool { return s.reveal != nil }

// bytes gives the secret itself, nil when it was destroyed.
func (s secret) bytes() []byte {
	if s.reveal == nil {
		return nil
	}
	return s.reveal()
}

// same reports whether two secrets are there and equal, in a time that tells nothing of them.
func (s secret) same(other secret) bool {
	return s.there() && other.there() && subtle.ConstantTimeCompare(s.bytes(), other.bytes()) == 1
}

// wipe overwrites the secret in memory.
func (s secret) wipe() { clear(s.bytes()) }

// Errors of secrets, which say nothing of what they hold.
var (
	errNotBase64 = errors.New("the secret is no base64, expected what `logproc keys new` writes or `openssl rand -base64 32`")
	errWeak      = errors.New("the secret is not random, expected what `logproc keys new` writes or `openssl rand -base64 32`")
	errErased    = errors.New("the secret is overwritten: a destruction was cut short; `logproc keys destroy` again ends it")
)

// decodeSecret reads a secret and refuses one that is too short, too long or plainly not random.
func decodeSecret(text string) (secret, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	switch {
	case err != nil:
		return secret{}, errNotBase64
	case len(b) < minSecret:
		return secret{}, fmt.Errorf("the secret has %d bytes, expected at least %d: `openssl rand -base64 %d`", len(b), minSecret, minSecret)
	case len(b) > maxSecret:
		return secret{}, fmt.Errorf("the secret has %d bytes, expected at most %d", len(b), maxSecret)
	case isErased(b):
		return secret{}, errErased
	case !looksRandom(b):
		return secret{}, errWeak
	}
	return keep(b), nil
}

// leastDistinct is a number of different byte values that 32 random bytes have but for one in 10^20 cases.
const leastDistinct = 16

func looksRandom(b []byte) bool {
	var seen [256]bool
	n := 0
	for _, c := range b {
		if !seen[c] {
			seen[c] = true
			n++
		}
	}
	return n >= leastDistinct
}

func isErased(b []byte) bool {
	var all byte
	for _, c := range b {
		all |= c
	}
	return all == 0
}
