// Package keyring makes keyed pseudonyms: stable tokens such as acc_k3_qvw2… that stand for a value and
// lead back to it only for who has the key.
//
// A pseudonym is HMAC-SHA-256(key, domain \0 canonical value), cut to 128 bits. The domain keeps equal
// strings of different kinds apart; the canonical form gives one value one pseudonym however it was
// written. The token names its key, so that keys can be changed: the active key makes new pseudonyms,
// retired ones still answer which pseudonyms a value had, and of a destroyed key nobody can say that any
// more.
//
// Keys come from a file that only its owner can read, or from the environment, never from the policy. No
// error, log line or printed value of this package holds any part of a secret.
package keyring

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// State is where a key is in its life.
type State uint8

// The states of a key, in their order.
const (
	Active    State = iota // makes new pseudonyms; exactly one key is
	Retired                // only answers look-ups
	Destroyed              // its secret is gone; the entry says what became of its tokens
)

// String gives the word that the key file uses.
func (s State) String() string {
	switch s {
	case Active:
		return "active"
	case Retired:
		return "retired"
	default:
		return "destroyed"
	}
}

// Info is what may be known about a key: anything but its secret.
type Info struct {
	ID        int
	State     State
	Created   time.Time // zero when unknown, for keys from the environment
	Retired   time.Time // zero for the active key
	Destroyed time.Time // zero while the secret is there
}

// Age is how long ago the key was made, 0 when that is unknown.
func (i Info) Age(now time.Time) time.Duration {
	if i.Created.IsZero() {
		return 0
	}
	return max(now.Sub(i.Created), 0)
}

// key is a key with its secret.
type key struct {
	info   Info
	secret secret
}

// Keyring is a set of keys, one of them active. It does not change but for Wipe, and is otherwise safe
// for concurrent use. Printing it gives the ids of its keys.
type Keyring struct {
	keys      []*key // by ascending id
	active    *key
	period    time.Duration
	retention time.Duration
}

// ephemeralID is the id of keys that end with the process, so that their tokens are known as such.
const ephemeralID = 0

// Ephemeral gives a keyring with one random key that nobody keeps: its pseudonyms are stable for the
// life of the keyring. It is for filters, demonstrations and tests; random is crypto/rand.Reader but in
// tests. The ids of its tokens are 0.
func Ephemeral(random io.Reader) (*Keyring, error) {
	secret, err := newSecret(random)
	if err != nil {
		return nil, err
	}
	k := &key{info: Info{ID: ephemeralID}, secret: secret}
	return &Keyring{keys: []*key{k}, active: k}, nil
}

// Active tells of the key that makes new pseudonyms.
func (k *Keyring) Active() Info { return k.active.info }

// Period is how long a key should be active before the next takes over; 0 when the file does not say.
func (k *Keyring) Period() time.Duration { return k.period }

// Retention is how long a retired key should answer look-ups; 0 for until it is destroyed by hand.
func (k *Keyring) Retention() time.Duration { return k.retention }

// Due reports whether the active key is older than the period, so that it is time for a rotation.
func (k *Keyring) Due(now time.Time) bool {
	return k.period > 0 && k.active.info.Age(now) >= k.period
}

// List tells of all keys, destroyed ones included, by ascending id.
func (k *Keyring) List() []Info {
	list := make([]Info, len(k.keys))
	for i, key := range k.keys {
		list[i] = key.info
	}
	return list
}

// expired lists the retired keys whose retention has ended.
func (k *Keyring) expired(now time.Time) []int {
	var ids []int
	for _, key := range k.keys {
		if k.retention > 0 && key.info.State == Retired && now.Sub(key.info.Retired) >= k.retention {
			ids = append(ids, key.info.ID)
		}
	}
	return ids
}

func (k *Keyring) find(id int) *key {
	i := slices.IndexFunc(k.keys, func(key *key) bool { return key.info.ID == id })
	if i < 0 {
		return nil
	}
	return k.keys[i]
}

// Token is a pseudonym under one key.
type Token struct {
	Key  Info
	Text string
}

// Tokens gives the pseudonym of a value under every key whose secret is still there, newest first: what
// an access request asks for.
func (k *Keyring) Tokens(prefix, domain string, canonical []byte) []Token {
	var list []Token
	for _, key := range slices.Backward(k.keys) {
		if key.secret.there() {
			h := newHasher(key)
			list = append(list, Token{key.info, string(h.Pseudonym(nil, prefix, domain, canonical))})
			h.Wipe()
		}
	}
	return list
}

// Wipe overwrites the secrets in memory, as far as Go allows: copies that the runtime or the reader of
// the file made are out of reach. The keyring must not be used afterwards; its hashers have their own
// Wipe.
func (k *Keyring) Wipe() {
	for _, key := range k.keys {
		key.secret.wipe()
	}
}

// Format prints the ids and states of the keys, whatever the verb.
func (k Keyring) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "keyring[")
	for i, key := range k.keys {
		if i > 0 {
			_, _ = io.WriteString(f, " ")
		}
		_, _ = fmt.Fprintf(f, "k%d:%s", key.info.ID, key.info.State)
	}
	_, _ = io.WriteString(f, "]")
}

// MarshalJSON refuses: a keyring has no form outside of its file.
func (k Keyring) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a keyring cannot be written as JSON")
}
