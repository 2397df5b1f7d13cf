package redisstore

import (
	"maps"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

func TestPartitionsKeepTheirNames(t *testing.T) {
	for _, tp := range []rollup.TopicPartition{{Topic: "logs"}, {Topic: "a:b", Partition: 12}, {Topic: "file:/x}{y", Partition: -1}, {}} {
		got, ok := partitionOf(member(tp))
		if !ok || got != tp {
			t.Errorf("%+v: got %+v", tp, got)
		}
		key := names{"p"}.state(tp)
		begin := strings.IndexByte(key, '{')
		end := begin + strings.IndexByte(key[begin:], '}')
		if end == begin+1 {
			t.Errorf("%s: the part that decides the slot is empty", key)
		}
		if day := (names{"p"}).day(tp, kindForms, -3); !strings.HasPrefix(day, key[:end+1]) {
			t.Errorf("%s and %s may be in different slots", key, day)
		}
	}
}

// TestContentIsReadBack takes what a commit sends as what the server stores, which it is for new days.
func TestContentIsReadBack(t *testing.T) {
	key := rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Msg: redact.Const("order-paid")}
	form := rollup.Form{Service: redact.Const("ctrl"), Text: redact.Const("Failed <n>"), Bucket: 97, N: 300}
	c := &rollup.Commit{
		Counts: []rollup.Count{{Key: key, Bucket: 5, N: 2}, {Key: key, Bucket: 3, N: 1}, {Key: key, Bucket: 5, N: 4}, {Key: key, Bucket: 96, N: 7}, {Key: key, Bucket: 4}},
		Forms:  []rollup.Form{form, {Service: form.Service, Text: redact.Const("other"), Bucket: 97, N: 1}},
	}
	got := names{"p"}.contentOf(c)
	if got.size != 5 || strings.Join(got.keys, " ") != "p:{0:}:c:0 p:{0:}:c:1 p:{0:}:f:1 p:{0:}:x:0 p:{0:}:x:1" {
		t.Fatalf("%d fields in %v", got.size, got.keys)
	}
	sum := func(at int) map[uint8]uint64 {
		q, err := quarters(nil).plus(*got.args[at].(*string))
		if err != nil {
			t.Fatal(err)
		}
		m := make(map[uint8]uint64)
		for _, c := range q {
			m[c.quarter] = c.n
		}
		return m
	}
	if m := sum(4); !maps.Equal(m, map[uint8]uint64{3: 1, 5: 6}) {
		t.Errorf("first day: %v", m)
	}
	if m := sum(9); !maps.Equal(m, map[uint8]uint64{0: 7}) {
		t.Errorf("second day: %v", m)
	}
	forms := make(map[string]quarters)
	if err := addForms(forms, *got.args[14].(*string)); err != nil {
		t.Fatal(err)
	}
	rows, err := mostFrequent(*got.args[13].(*string), forms)
	if err != nil || len(rows) != 2 {
		t.Fatalf("forms %v, %v", rows, err)
	}
	stored := rollup.AppendKey(nil, rollup.Key{Service: form.Service, Msg: form.Text})
	if q := rows[string(stored)]; len(q) != 1 || q[0] != (quarter{1, 300}) {
		t.Errorf("form: %v in %v", q, rows)
	}
}

func TestQuartersAreSummed(t *testing.T) {
	var pairs []byte
	for _, q := range []uint8{1, 5, 95} {
		pairs = rollup.AppendPair(pairs, q, uint64(q))
	}
	q, err := quarters{{0, 1}, {5, 1}, {96 - 2, 1}}.plus(string(pairs))
	if err != nil {
		t.Fatal(err)
	}
	want := quarters{{0, 1}, {1, 1}, {5, 6}, {94, 1}, {95, 95}}
	if len(q) != len(want) {
		t.Fatalf("got %v, want %v", q, want)
	}
	for i := range q {
		if q[i] != want[i] {
			t.Errorf("got %v, want %v", q, want)
		}
	}
	if _, err := q.plus("\x60\x01"); err == nil {
		t.Error("quarter 96 was taken")
	}
}

func TestGlobTakesBytesAsTheyAre(t *testing.T) {
	if got, want := globOf([]byte(`a*[b]\?`)), `a\*\[b\]\\\?*`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzForms(f *testing.F) {
	f.Add(string(appendForm(nil, []byte("Failed <n>"), []byte{5, 1})))
	f.Fuzz(func(t *testing.T, list string) {
		forms := make(map[string]quarters)
		if addForms(forms, list) == nil {
			_, _ = mostFrequent("\x00\x00", forms)
		}
	})
}
