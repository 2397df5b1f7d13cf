package rollup_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// TestKeysStayApart makes keys of few bytes, where different keys look most alike, and checks that each
// comes back and that none has the form of another.
func TestKeysStayApart(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	part := func() string {
		b := make([]byte, random.IntN(4))
		for i := range b {
			b[i] = "\x00\x01\x02a\xff"[random.IntN(5)]
		}
		return string(b)
	}
	forms := make(map[string]rollup.Key)
	for range 50_000 {
		k := rollup.Key{Service: redact.Stored(part()), Env: redact.Stored(part()), Level: parse.Level(random.IntN(parse.LevelCount)), Msg: redact.Stored(part())}
		form := rollup.AppendKey(nil, k)
		if other, taken := forms[string(form)]; taken && other != k {
			t.Fatalf("%+v and %+v have the same form", k, other)
		}
		forms[string(form)] = k
		got, err := rollup.DecodeKey(form)
		if err != nil || got != k {
			t.Fatalf("%+v came back as %+v, %v", k, got, err)
		}
		prefix := rollup.AppendKeyPrefix(nil, ptr(k.Service.String()), ptr(k.Env.String()))
		if owner, ok := rollup.KeyOwner(form); !ok || !bytes.Equal(owner, prefix) || !bytes.HasPrefix(form, prefix) {
			t.Fatalf("%+v: owner %q, prefix %q", k, owner, prefix)
		}
	}
}

func FuzzDecodeKey(f *testing.F) {
	f.Add(rollup.AppendKey(nil, rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Level: parse.LevelError, Msg: redact.Const("order-paid")}))
	f.Add(rollup.AppendKey(nil, rollup.Key{}))
	f.Add([]byte{0x80, 0, 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0})
	f.Add([]byte(strings.Repeat("\x01a", 3) + "\x07"))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := rollup.DecodeKey(b)
		if err != nil {
			return
		}
		if form := rollup.AppendKey(nil, k); !bytes.Equal(form, b) {
			t.Errorf("%q was read, but is written %q", b, form)
		}
		if _, ok := rollup.KeyOwner(b); !ok {
			t.Errorf("%q has no owner", b)
		}
	})
}

func TestBounded(t *testing.T) {
	fits, long := strings.Repeat("x", rollup.MaxKeyPart), strings.Repeat("x", rollup.MaxKeyPart+1)
	got := rollup.Key{Service: redact.Stored(fits), Env: redact.Stored(long), Level: 200, Msg: redact.Stored(long)}.Bounded()
	want := rollup.Key{Service: redact.Stored(fits), Env: redact.Const(rollup.Overflow), Level: parse.LevelUnknown, Msg: redact.Const(rollup.Overflow)}
	if got != want {
		t.Errorf("got %+v", got)
	}
	if f := (rollup.Form{Service: redact.Stored(long), Env: redact.Stored(fits), Text: redact.Stored(long)}).Bounded(); f.Service.String() != rollup.Overflow || f.Env.String() != fits || f.Text.String() != rollup.Overflow {
		t.Errorf("got %+v", f)
	}
}

func ptr(s string) *string { return &s }
