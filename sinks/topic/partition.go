package topic

import (
	"encoding/binary"
	"errors"
)

// Partitioning says to which partition of the topic a record goes.
type Partitioning uint8

// The ways of partitioning.
const (
	// Keep gives records the partition number that they had, while the topic has that many partitions;
	// others go by their key, or by their old number when they have none.
	Keep Partitioning = iota
	// ByKey gives equal keys one partition, as Kafka's own producers do; records without key fill the
	// partitions in turn, batch by batch.
	ByKey
	// RoundRobin fills the partitions in turn, batch by batch.
	RoundRobin
)

var partitionings = [...]string{"keep", "key", "round-robin"}

// String gives the word that UnmarshalText reads.
func (p Partitioning) String() string { return partitionings[p] }

// UnmarshalText reads keep, key or round-robin.
func (p *Partitioning) UnmarshalText(text []byte) error {
	for i, word := range partitionings {
		if string(text) == word {
			*p = Partitioning(i)
			return nil
		}
	}
	return errors.New("expected keep, key or round-robin")
}

// MarshalText gives the word that UnmarshalText reads.
func (p Partitioning) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Expects says what UnmarshalText reads.
func (Partitioning) Expects() string { return "keep, key or round-robin" }

// target picks the partition for a record of source partition from. turn is the partition whose turn it
// is.
func (p Partitioning) target(from int32, key []byte, partitions, turn int32) int32 {
	switch {
	case p == RoundRobin:
		return turn
	case p == Keep && from < partitions:
		return from
	case key != nil:
		return int32(murmur2(key)&0x7fffffff) % partitions
	case p == Keep:
		return from % partitions
	}
	return turn
}

// murmur2 is the hash by which Kafka's Java client spreads keys.
func murmur2(b []byte) uint32 {
	const m, r = 0x5bd1e995, 24
	h := 0x9747b28c ^ uint32(len(b))
	for ; len(b) >= 4; b = b[4:] {
		k := binary.LittleEndian.Uint32(b) * m
		k = (k ^ k>>r) * m
		h = h*m ^ k
	}
	for i := len(b) - 1; i >= 0; i-- {
		h ^= uint32(b[i]) << (8 * i)
		if i == 0 {
			h *= m
		}
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}
