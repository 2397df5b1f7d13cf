package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/logproc/logproc/rollup"
)

// testDocuments writes, reads and expires documents. Expiry is by the store's own clock, so the test uses times
// that are long ago or far ahead.
func testDocuments(t *testing.T, open Open) {
	t.Run("put, read, swap, delete", func(t *testing.T) { testDocumentLife(t, open) })
	t.Run("scan", func(t *testing.T) { testDocumentScan(t, open) })
	t.Run("expiry", func(t *testing.T) { testDocumentExpiry(t, open) })
	t.Run("one of many wins a swap", func(t *testing.T) { testDocumentRace(t, open) })
}

func document(t *testing.T, s rollup.Store, name string) rollup.Document {
	t.Helper()
	d, err := s.Document(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func swap(t *testing.T, s rollup.Store, name string, version uint64, value string) bool {
	t.Helper()
	ok, err := s.SwapDocument(t.Context(), rollup.Document{Name: name, Version: version, Value: []byte(value)})
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func put(t *testing.T, s rollup.Store, documents ...rollup.Document) {
	t.Helper()
	if err := s.PutDocuments(t.Context(), documents); err != nil {
		t.Fatal(err)
	}
}

func testDocumentLife(t *testing.T, open Open) {
	s, reopen := open(t)
	name := "mail/\x00any bytes/å"
	if d := document(t, s, name); d.Version != 0 || d.Value != nil {
		t.Errorf("before it is written: %+v", d)
	}
	if swap(t, s, name, 1, "x") || !swap(t, s, name, 0, "one") || swap(t, s, name, 0, "again") {
		t.Error("the first swap must succeed once, from version 0")
	}
	first := document(t, s, name)
	if string(first.Value) != "one" || first.Version == 0 || !first.Expires.IsZero() {
		t.Errorf("read %+v", first)
	}
	put(t, s, rollup.Document{Name: name, Value: []byte("two")}, rollup.Document{Name: "empty"})
	second := document(t, s, name)
	if string(second.Value) != "two" || second.Version <= first.Version {
		t.Errorf("read %+v after %+v", second, first)
	}
	if swap(t, s, name, first.Version, "late") || !swap(t, s, name, second.Version, "three") {
		t.Error("a swap from an old version must fail, and one from the newest succeed")
	}
	if d := document(t, s, "empty"); d.Version == 0 || len(d.Value) != 0 {
		t.Errorf("an empty document: %+v", d)
	}
	if reopen != nil {
		s = reopen()
	}
	if d := document(t, s, name); string(d.Value) != "three" {
		t.Errorf("read %+v", d)
	}
	if err := s.DeleteDocuments(t.Context(), []string{name, "never there"}); err != nil {
		t.Fatal(err)
	}
	if d := document(t, s, name); d.Version != 0 {
		t.Errorf("after it was deleted: %+v", d)
	}
	for _, d := range []rollup.Document{{}, {Name: strings.Repeat("n", rollup.MaxDocumentName+1)}, {Name: "large", Value: make([]byte, rollup.MaxDocumentValue+1)}} {
		if _, err := s.SwapDocument(t.Context(), d); !errors.Is(err, rollup.ErrStep) {
			t.Errorf("a document that cannot be: %v", err)
		}
		if err := s.PutDocuments(t.Context(), []rollup.Document{d}); !errors.Is(err, rollup.ErrStep) {
			t.Errorf("a document that cannot be: %v", err)
		}
	}
}

func testDocumentScan(t *testing.T, open Open) {
	s, _ := open(t)
	var names []string
	var all []rollup.Document
	for i := range 700 {
		name := fmt.Sprintf("request/%04d", i)
		names = append(names, name)
		all = append(all, rollup.Document{Name: name, Value: []byte(name)})
	}
	all = append(all, rollup.Document{Name: "request"}, rollup.Document{Name: "requests/1"}, rollup.Document{Name: "request/\xff"})
	put(t, s, all...)
	scan := func(prefix, from string, most int) []string {
		t.Helper()
		var got []string
		enough := errors.New("enough")
		err := s.Documents(t.Context(), prefix, from, func(d rollup.Document) error {
			if string(d.Value) != d.Name && len(d.Value) > 0 || d.Version == 0 {
				t.Errorf("%+v", d)
			}
			if got = append(got, d.Name); len(got) == most {
				return enough
			}
			return nil
		})
		if err != nil && !errors.Is(err, enough) {
			t.Fatal(err)
		}
		return got
	}
	if got := scan("request/", "", 0); !slices.Equal(got, append(slices.Clone(names), "request/\xff")) {
		t.Errorf("%d documents, want 701 in order: %.200q", len(got), got)
	}
	if got := scan("request/", "request/0698", 3); !slices.Equal(got, []string{"request/0698", "request/0699", "request/\xff"}) {
		t.Errorf("from a name: %q", got)
	}
	if got := scan("request/00", "request/0005x", 2); !slices.Equal(got, names[6:8]) {
		t.Errorf("from between two names: %q", got)
	}
	if got := scan("nothing", "", 0); len(got) != 0 {
		t.Errorf("a prefix of none: %q", got)
	}
}

func testDocumentExpiry(t *testing.T, open Open) {
	s, _ := open(t)
	past, ahead := time.Unix(1e6, 0).UTC(), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 30 {
		put(t, s, rollup.Document{Name: fmt.Sprintf("gone/%02d", i), Value: []byte("x"), Expires: past})
	}
	put(t, s, rollup.Document{Name: "kept", Expires: ahead}, rollup.Document{Name: "moved", Expires: past}, rollup.Document{Name: "moved", Expires: ahead})
	if d := document(t, s, "gone/03"); d.Version != 0 || d.Value != nil {
		t.Errorf("an expired document: %+v", d)
	}
	if !swap(t, s, "gone/03", 0, "new") {
		t.Error("an expired document is not as good as none")
	}
	total := 0
	for range 100 {
		n, err := s.ExpireDocuments(t.Context(), time.Now(), 10)
		if err != nil {
			t.Fatal(err)
		}
		if total += n; n == 0 {
			break
		}
	}
	for name, exists := range map[string]bool{"kept": true, "moved": true, "gone/03": true, "gone/04": false} {
		if d := document(t, s, name); (d.Version > 0) != exists || exists && name != "gone/03" && !d.Expires.Equal(ahead) {
			t.Errorf("%s: %+v", name, d)
		}
	}
	left := 0
	if err := s.Documents(t.Context(), "", "", func(rollup.Document) error { left++; return nil }); err != nil || left != 3 {
		t.Errorf("%d documents are left, %v; want 3", left, err)
	}
}

func testDocumentRace(t *testing.T, open Open) {
	s, _ := open(t)
	var won atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			ok, err := s.SwapDocument(t.Context(), rollup.Document{Name: "lease", Value: []byte("mine")})
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 8 won", won.Load())
	}
}
