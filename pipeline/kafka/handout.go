package kafka

import (
	"github.com/logproc/logproc/pipeline"
)

// handedOut is a batch in the caller's hands. It goes back to a pool when it is released.
type handedOut struct {
	pipeline.Batch
	p   *partition
	buf *buffer // what the messages point into; nil when there are none
	// claim is what they count for in the budget when they are in no buffer of ours.
	claim *claim
}

// handOut gives an empty batch of a partition.
func (s *Source) handOut(p *partition) *handedOut {
	b, _ := s.batches.Get().(*handedOut)
	if b == nil {
		b = &handedOut{}
		b.Free = func() { b.free(s) } // made once, so that handing out costs no allocation
	}
	b.p = p
	p.held.Add(1)
	return b
}

func (b *handedOut) free(s *Source) {
	if b.buf != nil {
		b.buf.drop()
		b.buf = nil
	}
	if b.claim != nil {
		s.budget.release(b.claim)
		b.claim = nil
	}
	b.p.held.Add(-1)
	b.p = nil
	clear(b.Messages)
	b.Batch = pipeline.Batch{Messages: b.Messages[:0], Free: b.Free}
	s.batches.Put(b)
}

// unpacker gives an unpacker that nobody else uses; it goes back with Put.
func (s *Source) unpacker() *unpacker {
	if u, _ := s.unpackers.Get().(*unpacker); u != nil {
		return u
	}
	return newUnpacker(s.cfg.MaxBatch)
}
