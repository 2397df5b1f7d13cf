package keyring

import (
	"crypto/sha256"
	"encoding"
	"fmt"
	"hash"
	"io"
	"strconv"
)

// Hasher makes pseudonyms under the active key of its time. It is used by one goroutine. Printing it
// shows nothing of the key.
type Hasher struct {
	reveal func() *states // for the reason that a secret hides behind one
}

// states are SHA-256 after the key's block, which HMAC begins its inner and outer hash with. They are as
// good as the key.
type states struct {
	inner, outer []byte // as the digest marshals itself
	digest       hash.Hash
	load         encoding.BinaryUnmarshaler // the digest
	middle       string                     // "_k3_"
	in           []byte                     // domain \0, kept from call to call
	domain       string                     // what in was made from
	sum          [sha256.Size]byte
}

// NewHasher gives a Hasher for the active key.
func (k *Keyring) NewHasher() *Hasher { return newHasher(k.active) }

func newHasher(k *key) *Hasher {
	block := make([]byte, sha256.BlockSize)
	if b := k.secret.bytes(); len(b) > len(block) { // as HMAC has it
		sum := sha256.Sum256(b)
		copy(block, sum[:])
		clear(sum[:])
	} else {
		copy(block, b)
	}
	digest := sha256.New()
	s := &states{digest: digest, load: digest.(encoding.BinaryUnmarshaler), middle: "_k" + strconv.Itoa(k.info.ID) + "_"}
	s.inner = stateAfter(digest, block, 0x36)
	s.outer = stateAfter(digest, block, 0x5c)
	clear(block)
	return &Hasher{func() *states { return s }}
}

// stateAfter gives the digest's state after block, each byte of it combined with pad.
func stateAfter(digest hash.Hash, block []byte, pad byte) []byte {
	for i := range block {
		block[i] ^= pad
	}
	digest.Reset()
	_, _ = digest.Write(block) // a hash takes everything
	for i := range block {
		block[i] ^= pad
	}
	state, err := digest.(encoding.BinaryAppender).AppendBinary(nil)
	if err != nil {
		panic("keyring: SHA-256 does not give its state: " + err.Error()) // not in any release of Go
	}
	return state
}

// Pseudonym appends the token of a value to dst and gives the result. prefix is the token's first word
// (see ValidPrefix), domain keeps the values of one kind apart from all others and holds no zero byte.
// canonical is not kept. Nothing is allocated when dst has room for MaxToken bytes.
func (h *Hasher) Pseudonym(dst []byte, prefix, domain string, canonical []byte) []byte {
	s := h.reveal()
	s.mac(domain, canonical)
	dst = append(dst, prefix...)
	dst = append(dst, s.middle...)
	return appendDigits(dst, (*[digestBytes]byte)(s.sum[:digestBytes]))
}

// mac leaves HMAC-SHA-256(key, domain \0 canonical) in s.sum.
func (s *states) mac(domain string, canonical []byte) {
	if domain != s.domain || s.in == nil {
		s.in = append(append(s.in[:0], domain...), 0)
		s.domain = domain
	}
	s.reset(s.inner)
	_, _ = s.digest.Write(s.in)
	_, _ = s.digest.Write(canonical)
	sum := s.digest.Sum(s.sum[:0])
	s.reset(s.outer)
	_, _ = s.digest.Write(sum)
	s.digest.Sum(s.sum[:0])
}

func (s *states) reset(state []byte) {
	if err := s.load.UnmarshalBinary(state); err != nil {
		panic("keyring: SHA-256 does not take its own state: " + err.Error())
	}
}

// Wipe overwrites the key's states in memory; the Hasher must not be used afterwards.
func (h *Hasher) Wipe() {
	s := h.reveal()
	clear(s.inner)
	clear(s.outer)
	s.digest.Reset()
}

// Format prints what this is, and nothing of the key, whatever the verb.
func (h Hasher) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "hasher"+h.reveal().middle) }
