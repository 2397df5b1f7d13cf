package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/logproc/logproc/pipeline"
)

// values makes n records whose values tell where they belong.
func values(partition int32, from, n int) []Record {
	records := make([]Record, n)
	for i := range records {
		records[i].Value = fmt.Appendf(nil, `{"msg":"partition-%d-record-%d"}`, partition, from+i)
	}
	return records
}

// readAll reads every partition from 0 to its end.
func readAll(t *testing.T, log Log) map[int32][]Got {
	t.Helper()
	var mu sync.Mutex
	all := map[int32][]Got{}
	RunSource(t, log.Source(t, Options{UntilEnd: true}), func(ctx context.Context, p pipeline.Partition) {
		got := Collect(ctx, t, p, 0)
		mu.Lock()
		defer mu.Unlock()
		if _, twice := all[p.ID().Partition]; twice {
			t.Errorf("%s was worked on twice", p.ID())
		}
		all[p.ID().Partition] = got
	})
	return all
}

// wantValues checks the values of a partition in order.
func wantValues(t *testing.T, got []Got, partition int32, from, n int) {
	t.Helper()
	if len(got) != n {
		t.Fatalf("partition %d: got %d records, want %d", partition, len(got), n)
	}
	for i, want := range values(partition, from, n) {
		if got[i].Value != string(want.Value) {
			t.Fatalf("partition %d: record %d is %q, want %q", partition, i, got[i].Value, want.Value)
		}
	}
}

func (s Suite) testOrder(t *testing.T) {
	log := s.Log(t)
	log.Append(t, 0, values(0, 0, 1000)...)
	log.Append(t, 1, values(1, 0, 700)...)
	log.Append(t, 0, values(0, 1000, 1000)...)
	all := readAll(t, log)
	wantValues(t, all[0], 0, 0, 2000)
	wantValues(t, all[1], 1, 0, 700)
}

func (s Suite) testSmallBatches(t *testing.T) {
	log := s.Log(t)
	at := 0
	for _, n := range []int{1, 1, 1, 2, 3, 5, 8, 1, 13, 1} {
		log.Append(t, 1, values(1, at, n)...)
		at += n
	}
	all := readAll(t, log)
	wantValues(t, all[0], 0, 0, 0)
	wantValues(t, all[1], 1, 0, at)
}

func (s Suite) testMoveTo(t *testing.T) {
	log := s.Log(t)
	for i := range 10 {
		log.Append(t, 0, values(0, 10*i, 10)...)
	}
	RunSource(t, log.Source(t, Options{UntilEnd: true}), func(ctx context.Context, p pipeline.Partition) {
		if p.ID().Partition != 0 {
			return
		}
		all := Collect(ctx, t, p, 0)
		wantValues(t, all, 0, 0, 100)
		for _, i := range []int{50, 0, 99, 37, 37} { // back and forth
			again := Collect(ctx, t, p, all[i].Offset)
			wantValues(t, again, 0, i, 100-i)
			if again[0].Offset != all[i].Offset {
				t.Errorf("moved to %d: first offset %d", all[i].Offset, again[0].Offset)
			}
		}
		p.MoveTo(0) // with a batch in hand and more read ahead
		b, err := p.Next(ctx)
		if err != nil {
			t.Errorf("Next: %v", err)
			return
		}
		first := Copy(b.Messages[0])
		p.MoveTo(all[60].Offset)
		if got := Copy(b.Messages[0]); got != first {
			t.Errorf("a batch in hand changed with MoveTo: %+v, was %+v", got, first)
		}
		b.Release()
		wantValues(t, Collect(ctx, t, p, all[60].Offset), 0, 60, 40)
	})
}

func (s Suite) testResume(t *testing.T) {
	log := s.Log(t)
	log.Append(t, 0, values(0, 0, 50)...)
	offsets := readAll(t, log)[0]
	log.Append(t, 0, values(0, 50, 50)...)
	for _, from := range []int{0, 1, 25, 49, 50} {
		RunSource(t, log.Source(t, Options{UntilEnd: true}), func(ctx context.Context, p pipeline.Partition) {
			if p.ID().Partition != 0 {
				return
			}
			at := offsets[49].Offset + 1
			if from < 50 {
				at = offsets[from].Offset
			}
			wantValues(t, Collect(ctx, t, p, at), 0, from, 100-from)
		})
	}
}

func (s Suite) testContent(t *testing.T) {
	log := s.Log(t)
	at := time.UnixMilli(1569312000123)
	log.Append(t, 0, Record{Key: []byte("k1"), Value: []byte(`{"a":1}`), Time: at}, Record{Value: []byte(`{"b":2}`), Time: at.Add(time.Second)})
	if s.Tombstones {
		log.Append(t, 0, Record{Key: []byte("gone"), Time: at}, Record{Key: []byte("empty"), Value: []byte{}, Time: at})
	}
	got := readAll(t, log)[0]
	if len(got) < 2 || got[0].Value != `{"a":1}` || got[1].Value != `{"b":2}` || got[0].Nil {
		t.Fatalf("got %+v", got)
	}
	if s.Keys && (got[0].Key != "k1" || got[1].Key != "" || got[0].Time != at.UnixNano() || got[1].Time != at.Add(time.Second).UnixNano()) {
		t.Errorf("keys or times: got %+v", got[:2])
	}
	if !s.Tombstones {
		return
	}
	if len(got) != 4 || !got[2].Nil || s.EmptyValues && got[3].Nil || got[3].Value != "" || s.Keys && got[2].Key != "gone" {
		t.Errorf("tombstone and empty value: got %+v", got[2:])
	}
}

func (s Suite) testEmpty(t *testing.T) {
	for partition, got := range readAll(t, s.Log(t)) {
		if len(got) != 0 {
			t.Errorf("partition %d of an empty log has %d records", partition, len(got))
		}
	}
}

func (s Suite) testReleaseOrder(t *testing.T) {
	log := s.Log(t)
	for i := range 8 {
		log.Append(t, 0, values(0, 10*i, 10)...)
	}
	RunSource(t, log.Source(t, Options{UntilEnd: true}), func(ctx context.Context, p pipeline.Partition) {
		if p.ID().Partition != 0 {
			return
		}
		p.MoveTo(0)
		var held []*pipeline.Batch
		for {
			b, err := p.Next(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("Next: %v", err)
				return
			}
			held = append(held, b)
		}
		var got []Got
		for _, b := range held {
			for _, m := range b.Messages {
				got = append(got, Copy(m))
			}
		}
		wantValues(t, got, 0, 0, 80)
		for i := len(held) - 1; i >= 0; i-- {
			held[i].Release()
		}
	})
}
