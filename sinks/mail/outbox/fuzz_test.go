package outbox_test

import (
	"testing"
	"time"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/sinks/mail/outbox"
)

// FuzzStoredEntry gives the outbox any document for an entry: it is tried or passed over, and what is beside it is
// sent all the same.
func FuzzStoredEntry(f *testing.F) {
	f.Add([]byte(`{"id":"zero","day":"2026-11-20","channel":"mail","state":"due","to":["anna@example.org"]}`))
	f.Add([]byte(`{"id":"zero","day":"2026-11-20","channel":"mail","state":"sending","until":"2026-11-20T00:00:00Z","unknowns":-1,"tries":-9}`))
	f.Add([]byte(`{"id":"zero","day":"2026-11-20","state":"claimed"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, value []byte) {
		if len(value) > 1<<16 {
			t.Skip()
		}
		now := time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)
		clock := func() time.Time { return now }
		store, r := memstore.New(clock), &receiver{}
		box := outbox.New(outbox.Options{Store: store, Senders: map[string]outbox.Sender{"mail": r}, Owner: "o", Now: clock, Rand: func() float64 { return 0 }})
		if err := store.PutDocuments(t.Context(), []rollup.Document{{Name: "mail/entry/" + day + "/0", Value: value}}); err != nil {
			t.Fatal(err)
		}
		if _, err := box.Put(t.Context(), outbox.Entry{ID: "one", Channel: "mail", Day: day, To: []string{anna}, Due: now}, nil); err != nil {
			t.Fatal(err)
		}
		if err := box.Deliver(t.Context(), day); err != nil {
			t.Fatal(err)
		}
		if e := entry(t, store, clock); e.State != outbox.Sent {
			t.Errorf("state %s", e.State)
		}
	})
}
