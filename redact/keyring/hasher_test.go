package keyring_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact/keyring"
)

// TestVectors are cases 1 to 4, 6 and 7 of RFC 4231; case 5 cuts the result.
func TestVectors(t *testing.T) {
	for i, c := range []struct{ key, data, want string }{
		{strings.Repeat("0b", 20), hex.EncodeToString([]byte("Hi There")), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{hex.EncodeToString([]byte("Jefe")), hex.EncodeToString([]byte("what do ya want for nothing?")), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{strings.Repeat("aa", 20), strings.Repeat("dd", 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
		{"0102030405060708090a0b0c0d0e0f10111213141516171819", strings.Repeat("cd", 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
		{strings.Repeat("aa", 131), hex.EncodeToString([]byte("Test Using Larger Than Block-Size Key - Hash Key First")), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
		{strings.Repeat("aa", 131), hex.EncodeToString([]byte("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.")), "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
	} {
		key, _ := hex.DecodeString(c.key)
		data, _ := hex.DecodeString(c.data)
		if got := keyring.RawMAC(key, data); hex.EncodeToString(got[:]) != c.want {
			t.Errorf("vector %d: %x, want %s", i+1, got, c.want)
		}
	}
}

func TestPseudonymIsTheDocumentedOne(t *testing.T) {
	const secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	k, err := keyring.FromEnv(env(keyring.EnvKeys, "3:"+secret))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte("0123456789abcdef0123456789abcdef"))
	mac.Write([]byte("account\x001234567"))
	want := "acc_k3_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16]))
	h := k.NewHasher()
	for range 3 { // the states are used again
		if got := string(h.Pseudonym([]byte("x "), "acc", "account", []byte("1234567"))); got != "x "+want {
			t.Fatalf("%s, want %s", got, want)
		}
		if got := string(h.Pseudonym(nil, "acc", "phone", []byte("1234567"))); got == want {
			t.Fatal("another domain gives the same pseudonym")
		}
	}
	if want != "acc_k3_3vmn7mdebb3ax4rag7uetgo43e" {
		t.Errorf("the form of tokens has changed: %s", want)
	}
}

// TestSeparation: no two pairs of domain and value share a pseudonym, whatever their joined text.
func TestSeparation(t *testing.T) {
	h := ephemeral(t).NewHasher()
	seen := map[string]string{}
	for _, domain := range []string{"acc", "ac", "phone", "a"} {
		for _, value := range []string{"", "c", "cc", "1", "\x00", "\x001", "phone", strings.Repeat("1", 200)} {
			token := string(h.Pseudonym(nil, "p", domain, []byte(value)))
			if other, ok := seen[token]; ok {
				t.Errorf("%q in %s has the pseudonym of %s", value, domain, other)
			}
			seen[token] = fmt.Sprintf("%q in %s", value, domain)
		}
	}
}

func TestTokenLength(t *testing.T) {
	const digits = "d2kilebkqyz6ccujyj2sblhccu"
	for text, want := range map[string]int{
		"acc_k3_" + digits:                        33,
		"acc_k0_" + digits:                        33,
		"ip4_k123456789_" + digits:                41,
		"acc_k3_" + digits + " and more":          33,
		"acc_k3_" + digits + "\"":                 33,
		"acc_k3_" + digits + "a":                  0,
		"acc_k3_" + digits + "_":                  0,
		"acc_k3_" + digits + "Z":                  0,
		"acc_k3_" + digits[:25]:                   0,
		"acc_k3_" + digits[:25] + "b":             0, // not what 128 bits give
		"acc_k3_" + digits[:25] + "1":             0,
		"acc_k3_" + strings.ToUpper(digits):       0,
		"acc_k03_" + digits:                       0,
		"acc_k_" + digits:                         0,
		"acc_k1234567890_" + digits:               0,
		"acc_x3_" + digits:                        0,
		"3cc_k3_" + digits:                        0,
		"Acc_k3_" + digits:                        0,
		"_k3_" + digits:                           0,
		"abcdefghijklmnop_k3_" + digits:           46,
		"abcdefghijklmnopq_k3_" + digits:          0,
		"":                                        0,
		"acc_k3_":                                 0,
		strings.Repeat("a", 100):                  0,
		"acc_k3_" + strings.Repeat("7", 25) + "4": 33,
	} {
		if got := keyring.TokenLength([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
		if is := keyring.IsToken([]byte(text)); is != (want > 0 && want == len(text)) {
			t.Errorf("%q: IsToken %t", text, is)
		}
	}
}

// TestNothingPrintsASecret prints keyrings, hashers and what holds them in every way there is.
func TestNothingPrintsASecret(t *testing.T) {
	k, err := keyring.FromEnv(env(keyring.EnvKeys, secretText(7)))
	if err != nil {
		t.Fatal(err)
	}
	h := k.NewHasher()
	secret := string(secretBytes(7))
	type holder struct {
		k *keyring.Keyring
		K any
		h *keyring.Hasher
		H any
		v keyring.Keyring
		w keyring.Hasher
	}
	for _, v := range []any{k, *k, h, *h, holder{k, k, h, h, *k, *h}, &holder{k, *k, h, *h, *k, *h}, []any{k, h}} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(format, v)
			for _, bad := range []string{secret, secretText(7), hex.EncodeToString([]byte(secret)), fmt.Sprint([]byte(secret))[1:20]} {
				if strings.Contains(text, bad) {
					t.Errorf("%s of %T prints the secret", format, v)
				}
			}
		}
		if data, err := json.Marshal(v); err == nil && strings.Contains(string(data), secretText(7)) {
			t.Errorf("JSON of %T holds the secret", v)
		}
	}
	if got := fmt.Sprint(k); got != "keyring[k1:active]" {
		t.Error(got)
	}
}

func TestWipe(t *testing.T) {
	k := ephemeral(t)
	h := k.NewHasher()
	before := string(h.Pseudonym(nil, "acc", "acc", []byte("1")))
	k.Wipe()
	if after := k.Tokens("acc", "acc", []byte("1")); len(after) != 1 || after[0].Text == before {
		t.Error("the secret is still there")
	}
}

func TestPseudonymDoesNotAllocate(t *testing.T) {
	h := ephemeral(t).NewHasher()
	dst, value := make([]byte, 0, keyring.MaxToken), []byte("46700000001")
	if n := testing.AllocsPerRun(1000, func() { dst = h.Pseudonym(dst[:0], "acc", "account", value) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPseudonym(b *testing.B) {
	k, err := keyring.Ephemeral(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	h := k.NewHasher()
	dst, value := make([]byte, 0, keyring.MaxToken), []byte("46700000001")
	b.ReportAllocs()
	for b.Loop() {
		dst = h.Pseudonym(dst[:0], "acc", "account", value)
	}
}

func BenchmarkTokenLength(b *testing.B) {
	token := ephemeral(b).NewHasher().Pseudonym(nil, "acc", "account", []byte("1"))
	for b.Loop() {
		keyring.TokenLength(token)
	}
}

func ephemeral(t testing.TB) *keyring.Keyring {
	t.Helper()
	k, err := keyring.Ephemeral(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
