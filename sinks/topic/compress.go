package topic

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go/compress"
)

// Compression is a codec for batches.
type Compression uint8

// The codecs.
const (
	Zstd   Compression = iota // small, and cheap enough for logs
	LZ4                       // cheaper, and larger
	Snappy                    // for old consumers, as the next
	Gzip
	Uncompressed
)

var compressions = [...]string{"zstd", "lz4", "snappy", "gzip", "none"}

// String gives the word that UnmarshalText reads.
func (c Compression) String() string { return compressions[c] }

// UnmarshalText reads zstd, lz4, snappy, gzip or none.
func (c *Compression) UnmarshalText(text []byte) error {
	for i, word := range compressions {
		if string(text) == word {
			*c = Compression(i)
			return nil
		}
	}
	return errors.New("expected zstd, lz4, snappy, gzip or none")
}

// MarshalText gives the word that UnmarshalText reads.
func (c Compression) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Expects says what UnmarshalText reads.
func (Compression) Expects() string { return "zstd, lz4, snappy, gzip or none" }

// number is the codec's number in a batch's attributes.
func (c Compression) number() uint16 {
	return [...]uint16{Zstd: uint16(compress.Zstd), LZ4: uint16(compress.Lz4), Snappy: uint16(compress.Snappy),
		Gzip: uint16(compress.Gzip), Uncompressed: 0}[c]
}

// packer makes record sets of batches. It is safe for concurrent use.
type packer struct {
	codec Compression
	zstd  *zstd.Encoder
	table *crc32.Table
	sets  sync.Pool // of *[]byte
}

func newPacker(codec Compression) (*packer, error) {
	p := &packer{codec: codec, table: castagnoli()}
	if codec == Zstd {
		var err error
		// The window is that of a batch; every consumer has room for it.
		p.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithWindowSize(512<<10), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
		if err != nil {
			return nil, fmt.Errorf("make a zstd encoder: %w", err)
		}
	}
	return p, nil
}

// pack gives the record set of a batch: its length, head and packed records. The caller hands it back to
// drop.
func (p *packer) pack(b *batch) (*[]byte, error) {
	set, _ := p.sets.Get().(*[]byte)
	if set == nil {
		set = new([]byte)
	}
	if cap(*set) < setPrefix+batchHeader {
		*set = make([]byte, setPrefix+batchHeader, 64<<10)
	}
	out := (*set)[:setPrefix+batchHeader]
	switch p.codec {
	case Zstd:
		out = p.zstd.EncodeAll(b.raw, out)
	case Uncompressed:
		out = append(out, b.raw...)
	default:
		var err error
		if out, err = p.packStream(out, b.raw); err != nil {
			return nil, fmt.Errorf("compress a batch with %s: %w", p.codec, err)
		}
	}
	b.finish(out, p.codec, p.table)
	*set = out
	return set, nil
}

// packStream appends raw as one of kafka-go's codecs packs it.
func (p *packer) packStream(out, raw []byte) ([]byte, error) {
	buffer := bytes.NewBuffer(out)
	w := compress.Compression(p.codec.number()).Codec().NewWriter(buffer)
	_, err := w.Write(raw)
	if closed := w.Close(); err == nil {
		err = closed
	}
	return buffer.Bytes(), err
}

// largestKept is the size of record sets whose memory is not worth keeping.
const largestKept = 4 << 20

func (p *packer) drop(set *[]byte) {
	if cap(*set) <= largestKept {
		p.sets.Put(set)
	}
}

func (p *packer) close() {
	if p.zstd != nil {
		_ = p.zstd.Close() // nothing is under way
	}
}
