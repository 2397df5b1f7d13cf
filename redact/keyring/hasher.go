package keyring

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
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
	save         encoding.BinaryAppender    // the digest
	saved        []byte                     // room for its state
	middle       string                     // "_k3_"
	in           []byte                     // domain \0, then the value and padding of the call at hand
	domain       string                     // what in begins with
	head         int                        // length of domain \0
	again        []byte                     // the inner hash, then padding
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
	s := &states{
		digest: digest, load: digest.(encoding.BinaryUnmarshaler), save: digest.(encoding.BinaryAppender),
		middle: "_k" + strconv.Itoa(k.info.ID) + "_",
	}
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
		s.domain, s.head = domain, len(s.in)
	}
	s.in = s.hash(s.inner, append(s.in[:s.head], canonical...))
	s.again = s.hash(s.outer, append(s.again[:0], s.sum[:]...))
}

// hash leaves the hash of a key's block and a message in s.sum, and gives the message with its padding. The padding
// is made here, as FIPS 180-4 (5.1.1) has it: the digest then takes whole blocks from where they are and its
// state is the hash, which costs half of what Sum does for messages as short as these.
func (s *states) hash(state, message []byte) []byte {
	bits := uint64(sha256.BlockSize+len(message)) * 8
	zeros := -(len(message) + 1 + 8) & (sha256.BlockSize - 1)
	message = append(message, padding[:1+zeros]...)
	message = binary.BigEndian.AppendUint64(message, bits)
	if err := s.load.UnmarshalBinary(state); err != nil {
		panic("keyring: SHA-256 does not take its own state: " + err.Error())
	}
	_, _ = s.digest.Write(message) // a hash takes everything
	var err error
	if s.saved, err = s.save.AppendBinary(s.saved[:0]); err != nil {
		panic("keyring: SHA-256 does not give its state: " + err.Error())
	}
	copy(s.sum[:], s.saved[stateAt:])
	return message
}

// padding is a one bit and as many zero bits as may follow it.
const padding = "\x80" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// stateAt is where the eight words of the state begin in a marshaled digest.
const stateAt = 4

// Wipe overwrites the key's states in memory; the Hasher must not be used afterwards.
func (h *Hasher) Wipe() {
	s := h.reveal()
	clear(s.inner)
	clear(s.outer)
	clear(s.saved[:cap(s.saved)])
	s.digest.Reset()
}

// Format prints what this is, and nothing of the key, whatever the verb.
func (h Hasher) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "hasher"+h.reveal().middle) }
