package kafka

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// Buffers come in sizes of powers of two, so that small batches do not hold large buffers.
const (
	smallestBuffer = 12 // 4 KiB
	largestBuffer  = 26 // 64 MiB; larger ones are left to the garbage collector
)

// buffers is a pool of byte buffers by size. It is safe for concurrent use.
type buffers struct {
	classes [largestBuffer - smallestBuffer + 1]sync.Pool
}

// buffer is a pooled buffer that is shared by what points into it: the answer it holds and the batches
// cut from it. The last one to let go gives it back.
type buffer struct {
	b     []byte
	users atomic.Int32
	pool  *buffers
	money *budget
	claim *claim // what it counts for in the budget; may be nil
}

// get gives a buffer of length n with one user.
func (p *buffers) get(n int) *buffer {
	class := max(bits.Len(uint(max(n, 1)-1)), smallestBuffer)
	var b *buffer
	if class <= largestBuffer {
		b, _ = p.classes[class-smallestBuffer].Get().(*buffer)
		if b == nil {
			b = &buffer{b: make([]byte, 1<<class), pool: p}
		}
	} else {
		b = &buffer{b: make([]byte, n), pool: p}
	}
	b.b = b.b[:n]
	b.users.Store(1)
	return b
}

// keep adds a user.
func (b *buffer) keep() { b.users.Add(1) }

// drop ends a user's use.
func (b *buffer) drop() {
	if b.users.Add(-1) > 0 {
		return
	}
	if b.claim != nil {
		b.money.release(b.claim)
		b.claim = nil
	}
	// Codecs may have put a larger slice in place: it goes where its capacity belongs.
	if class := bits.Len(uint(cap(b.b))) - 1; class >= smallestBuffer && class <= largestBuffer {
		b.b = b.b[:cap(b.b)]
		b.pool.classes[class-smallestBuffer].Put(b)
	}
}

// charge lets the buffer count for a claim until its last user has let go.
func (b *buffer) charge(money *budget, c *claim) { b.money, b.claim = money, c }
