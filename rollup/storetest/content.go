package storetest

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

func testCounts(t *testing.T, open Open) {
	t.Run("queries", func(t *testing.T) {
		s, _ := open(t)
		var all []rollup.Count
		for i, service := range []string{"", "ctrl", "ctrl-green", "\x04ctrl"} {
			for j, env := range []string{"", "anna", "bob"} {
				for _, bucket := range []rollup.Bucket{-97, -96, -1, 0, 95, 96, 1_742_400} {
					k := rollup.Key{Service: redact.Stored(service), Env: redact.Stored(env), Level: parse.LevelWarning, Msg: redact.Const("order-paid")}
					all = append(all, rollup.Count{Key: k, Bucket: bucket, N: uint64(1 + i + 10*j)})
				}
			}
		}
		c := step(logs0, claim(t, s, logs0).Fence, 0, 10)
		c.Counts = all
		mustCommit(t, s, c)
		services := []*string{nil, new(""), new("ctrl"), new("other")}
		envs := []*string{nil, new(""), new("bob"), new("other")}
		spans := [][2]rollup.Bucket{{every.From, every.To}, {0, 96}, {-96, 1}, {95, 97}, {96, 96}, {97, 5}}
		for _, service := range services {
			for _, env := range envs {
				for _, span := range spans {
					q := rollup.Query{From: span[0], To: span[1], Service: service, Env: env}
					var want []rollup.Count
					for _, c := range all {
						if q.Selects(c.Key.Service, c.Key.Env, c.Bucket) {
							want = append(want, c)
						}
					}
					wantCounts(t, s, q, want...)
				}
			}
		}
	})
	t.Run("keys of any bytes", func(t *testing.T) {
		s, _ := open(t)
		long := strings.Repeat("x", rollup.MaxKeyPart+1)
		c := step(logs0, claim(t, s, logs0).Fence, 0, 10)
		c.Counts = []rollup.Count{
			count("", 1, 1), count("\x00\xff", 1, 2), count(`a\`, 1, 3), count("é\t\n", 1, 4), count(long[1:], 1, 5),
			count(long, 1, 6), count(long+"y", 1, 7), count("zero", 1, 0), count("twice", 1, 8), count("twice", 1, 9),
		}
		mustCommit(t, s, c)
		want := append(c.Counts[:5:5], count(rollup.Overflow, 1, 13), count("twice", 1, 17))
		wantCounts(t, s, every, want...)
	})
	t.Run("sums saturate", func(t *testing.T) {
		s, _ := open(t)
		fence := claim(t, s, logs0).Fence
		for i := range int64(2) {
			c := step(logs0, fence, i, i+1)
			c.Counts = []rollup.Count{count("order-paid", 1, math.MaxUint64-1)}
			mustCommit(t, s, c)
		}
		wantCounts(t, s, every, count("order-paid", 1, math.MaxUint64))
	})
	t.Run("the callback may use the store and end the reading", func(t *testing.T) {
		s, _ := open(t)
		fence := claim(t, s, logs0).Fence
		mustCommit(t, s, step(logs0, fence, 0, 10))
		stop := errors.New("enough")
		err := s.Counts(t.Context(), every, func(rollup.Count) error {
			mustCommit(t, s, step(logs0, fence, 10, 20))
			return stop
		})
		if !errors.Is(err, stop) {
			t.Errorf("got %v", err)
		}
		wantCounts(t, s, every, count("order-paid", 7, 20))
	})
}

func wantForms(t *testing.T, s rollup.Store, q rollup.Query, want ...rollup.Form) {
	t.Helper()
	type cell struct {
		service, env, text string
		bucket             rollup.Bucket
	}
	cells := func(forms []rollup.Form) map[cell]uint64 {
		m := make(map[cell]uint64)
		for _, f := range forms {
			m[cell{f.Service.String(), f.Env.String(), f.Text.String(), f.Bucket}] += f.N
		}
		return m
	}
	var got []rollup.Form
	err := s.Forms(t.Context(), q, func(f rollup.Form) error {
		got = append(got, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(cells(got), cells(want)) {
		t.Errorf("forms of %+v:\n got %v\nwant %v", q, cells(got), cells(want))
	}
}

func testForms(t *testing.T, open Open) {
	s, _ := open(t)
	fence := claim(t, s, logs0).Fence
	form := func(i int, bucket rollup.Bucket, n uint64) rollup.Form {
		return rollup.Form{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Text: redact.Stored(fmt.Sprintf("form %03d", i)), Bucket: bucket, N: n}
	}
	c := step(logs0, fence, 0, 10)
	var want []rollup.Form
	for i := range rollup.MaxForms + 10 { // the later, the more frequent, in two quarters of a day
		c.Forms = append(c.Forms, form(i, 3, uint64(i+1)), form(i, 4, 5))
		if i >= 10 {
			want = append(want, form(i, 3, uint64(i+1)), form(i, 4, 5))
		}
	}
	others := []rollup.Form{form(0, 96, 1), {Service: redact.Const("ctrl"), Text: redact.Const("form 000"), Bucket: 3, N: 1},
		{Service: redact.Const("brkr"), Env: redact.Const("anna"), Text: redact.Const("form 000"), Bucket: 3, N: 1}}
	c.Forms = append(c.Forms, others...) // another day, env and service have room of their own
	mustCommit(t, s, c)
	wantForms(t, s, every, append(want, others...)...)
	wantForms(t, s, rollup.Query{From: 3, To: 4, Service: new("brkr")}, others[2])

	c = step(logs0, fence, 10, 20)
	c.Forms = []rollup.Form{form(999, 5, 1000), form(998, 5, 1), form(59, 4, 7)}
	mustCommit(t, s, c)
	want = append(want[2:], form(999, 5, 1000), form(59, 4, 7)) // the least frequent one made room
	wantForms(t, s, every, append(want, others...)...)
}

func testLedgers(t *testing.T, open Open) {
	s, _ := open(t)
	parts := []rollup.TopicPartition{{Topic: "b", Partition: 0}, {Topic: "a", Partition: 10}, {Topic: "a", Partition: 2}}
	for _, tp := range parts {
		mustCommit(t, s, step(tp, claim(t, s, tp).Fence, 0, 10))
	}
	claim(t, s, rollup.TopicPartition{Topic: "only-claimed"})
	ledgers, err := s.Ledgers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var order []rollup.TopicPartition
	for _, l := range ledgers {
		order = append(order, l.TopicPartition)
	}
	if want := []rollup.TopicPartition{parts[2], parts[1], parts[0]}; !reflect.DeepEqual(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}

	tp := parts[0]
	fence := claim(t, s, tp).Fence
	c := step(tp, fence, 10, 100)
	c.Outcomes = rollup.Outcomes{Counted: 5, DeadLettered: 2, Skipped: 1}
	c.Lost = []rollup.Lost{{First: 20, Last: 29, Reason: rollup.LostCorrupt}, {First: 50, Last: 59, Reason: rollup.LostRetention}}
	mustCommit(t, s, c)
	c = step(tp, fence, 100, 200)
	c.Lost = []rollup.Lost{{First: 60, Last: 69, Reason: rollup.LostRetention}, {First: 70, Last: 70, Reason: rollup.LostCorrupt}}
	mustCommit(t, s, c)
	got := ledger(t, s, tp)
	if got.Updated.IsZero() {
		t.Error("the ledger has no date")
	}
	want := rollup.Ledger{TopicPartition: tp, Offset: 200, Resume: 200,
		Outcomes: rollup.Outcomes{Counted: 115, DeadLettered: 2, Skipped: 1},
		Lost: []rollup.Lost{{First: 20, Last: 29, Reason: rollup.LostCorrupt},
			{First: 50, Last: 69, Reason: rollup.LostRetention}, {First: 70, Last: 70, Reason: rollup.LostCorrupt}},
		LostOffsets: map[rollup.LostReason]uint64{rollup.LostCorrupt: 11, rollup.LostRetention: 20},
		Updated:     got.Updated,
	}
	sameLedger(t, got, want)
	got.Lost[0].First = 0 // the caller's own copy
	got.LostOffsets[rollup.LostCorrupt] = 0
	sameLedger(t, ledger(t, s, tp), want)
}

func sameLedger(t *testing.T, got, want rollup.Ledger) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("ledger:\n got %+v\nwant %+v", got, want)
	}
}

// testConcurrent has partitions commit at the same time under keys that they share, while somebody reads.
func testConcurrent(t *testing.T, open Open) {
	s, _ := open(t)
	const partitions, steps, size = 12, 20, 10
	var workers sync.WaitGroup
	for p := range int32(partitions) {
		workers.Go(func() {
			tp := rollup.TopicPartition{Topic: "logs", Partition: p}
			c, err := s.Claim(t.Context(), tp)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range int64(steps) {
				r, err := s.Commit(t.Context(), step(tp, c.Fence, i*size, (i+1)*size))
				if err != nil || r.Outcome != rollup.Committed {
					t.Errorf("%s: %v, %v", tp, r, err)
				}
			}
		})
	}
	workers.Go(func() {
		last := uint64(0)
		for range 20 {
			now := read(t, s, every)[rollup.Cell{Key: key("order-paid"), Bucket: 7}]
			if now < last {
				t.Errorf("a count fell from %d to %d", last, now)
			}
			last = now
		}
	})
	workers.Wait()
	wantCounts(t, s, every, count("order-paid", 7, partitions*steps*size))
}
