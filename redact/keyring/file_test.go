package keyring_test

import (
	"encoding/base64"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/redact/keyring"
)

var update = flag.Bool("update", false, "write the golden files anew")

var epoch = time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)

// secretBytes gives a secret that is the same in every run.
func secretBytes(seed byte) []byte {
	var s [32]byte
	s[0] = seed
	b := make([]byte, 32)
	_, _ = rand.NewChaCha8(s).Read(b)
	return b
}

func secretText(seed byte) string { return base64.StdEncoding.EncodeToString(secretBytes(seed)) }

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// reader gives deterministic secrets to a File.
func reader() io.Reader { return rand.NewChaCha8([32]byte{42}) }

func newFile(t *testing.T) keyring.File {
	return keyring.File{Path: filepath.Join(t.TempDir(), "keys.yaml"), Now: func() time.Time { return epoch }, Random: reader(), Who: "tester"}
}

const good = `version: 1
period: 90d
keys:
  - id: 1
    state: destroyed
    created: 2025-01-01T00:00:00Z
    destroyed: 2025-12-01T00:00:00Z
  - id: 2
    state: retired
    created: 2025-06-01T00:00:00Z
    retired: 2026-01-01T00:00:00Z
    secret: S2
  - id: 5
    state: active
    created: 2026-01-01T00:00:00Z
    secret: S5
`

func secrets(text string) string {
	return strings.NewReplacer("S2", secretText(2), "S5", secretText(5)).Replace(text)
}

func TestParse(t *testing.T) {
	k, err := keyring.Parse("keys.yaml", []byte(secrets(good)))
	if err != nil {
		t.Fatal(err)
	}
	if a := k.Active(); a.ID != 5 || a.State != keyring.Active || a.Age(epoch) != 30*24*time.Hour+9*time.Hour {
		t.Errorf("active: %+v", a)
	}
	if list := k.List(); len(list) != 3 || list[0].State != keyring.Destroyed || list[1].State != keyring.Retired {
		t.Errorf("list: %+v", list)
	}
	if k.Due(epoch) || !k.Due(epoch.AddDate(0, 3, 0)) {
		t.Error("due")
	}
	tokens := k.Tokens("acc", "account", []byte("1"))
	if len(tokens) != 2 || tokens[0].Key.ID != 5 || tokens[1].Key.ID != 2 || !strings.HasPrefix(tokens[1].Text, "acc_k2_") {
		t.Errorf("tokens: %+v", tokens)
	}
	if got := k.NewHasher().Pseudonym(nil, "acc", "account", []byte("1")); string(got) != tokens[0].Text {
		t.Errorf("%s, but the look-up says %s", got, tokens[0].Text)
	}
}

// TestCorruptFiles: what is wrong is told with its place and without any secret.
func TestCorruptFiles(t *testing.T) {
	replaced := func(pairs ...string) string { return secrets(strings.NewReplacer(pairs...).Replace(good)) }
	var out strings.Builder
	for _, c := range []struct{ name, text string }{
		{"empty", ""},
		{"not yaml", "keys: [\n"},
		{"another version", replaced("version: 1", "version: 2")},
		{"unknown key", replaced("period:", "perod:")},
		{"no active key", replaced("state: active", "state: retired\n    retired: 2026-01-02T00:00:00Z")},
		{"two active keys", replaced("state: retired\n", "state: active\n", "    retired: 2026-01-01T00:00:00Z\n", "")},
		{"misspelt state", replaced("state: active", "state: activ")},
		{"no state", replaced("    state: active\n", "")},
		{"no created", replaced("    created: 2026-01-01T00:00:00Z\n", "")},
		{"bad time", replaced("2026-01-01T00:00:00Z\n    secret", "yesterday\n    secret")},
		{"ids not ascending", replaced("id: 5", "id: 2")},
		{"id zero", replaced("id: 1", "id: 0")},
		{"id huge", replaced("id: 5", "id: 1000000000")},
		{"no secret", replaced("    secret: S5\n", "")},
		{"short secret", replaced("S5", base64.StdEncoding.EncodeToString(secretBytes(5)[:31]))},
		{"long secret", replaced("S5", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("long secret!", 100))))},
		{"not base64", replaced("S5", "correct horse battery staple")},
		{"url base64", replaced("S5", "-_"+secretText(5)[2:])},
		{"zero secret", replaced("S5", strings.Repeat("A", 43)+"=")},
		{"weak secret", replaced("S5", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("password", 4))))},
		{"same secret twice", replaced("S5", "S2")},
		{"destroyed with secret", replaced("destroyed: 2025-12-01T00:00:00Z", "destroyed: 2025-12-01T00:00:00Z\n    secret: S5")},
		{"destroyed without time", replaced("    destroyed: 2025-12-01T00:00:00Z\n", "")},
		{"retired without time", replaced("    retired: 2026-01-01T00:00:00Z\n", "")},
		{"active with retired", replaced("created: 2026-01-01T00:00:00Z", "created: 2026-01-01T00:00:00Z\n    retired: 2026-01-02T00:00:00Z")},
		{"no space after the colon", replaced("secret: S5", "secret:S5")},
		{"secret as a key", replaced("secret: S5", "S5: 1")},
		{"secret as a list", replaced("secret: S5", "secret: [S5]")},
		{"open quote", replaced("secret: S5", `secret: "S5`)},
		{"negative period", replaced("90d", "-1h")},
	} {
		_, err := keyring.Parse("keys.yaml", []byte(c.text))
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		if _, ok := errors.AsType[conf.Diagnostics](err); !ok {
			t.Errorf("%s: %T has no positions", c.name, err)
		}
		checkNoSecret(t, c.name, err)
		out.WriteString("# " + c.name + "\n" + err.Error() + "\n")
	}
	golden(t, "corrupt.txt", out.String())
}

// checkNoSecret looks for any ten characters of the secrets in an error.
func checkNoSecret(t *testing.T, name string, err error) {
	t.Helper()
	for _, secret := range []string{secretText(2), secretText(5)} {
		for i := range len(secret) - 12 {
			if strings.Contains(err.Error(), secret[i:i+12]) {
				t.Errorf("%s: the error holds a part of a secret: %s", name, err)
				return
			}
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func TestLoadChecksAccess(t *testing.T) {
	f := newFile(t)
	if _, err := f.Create(0, 0); err != nil {
		t.Fatal(err)
	}
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o660: false, 0o644: false, 0o610: false} {
		if err := os.Chmod(f.Path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := keyring.Load(f.Path)
		if (err == nil) != ok {
			t.Errorf("mode %04o: %v", mode, err)
		}
		if err != nil && !strings.Contains(err.Error(), "chmod 600 "+f.Path) {
			t.Errorf("mode %04o: the error does not say what to do: %v", mode, err)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "none.yaml"), t.TempDir()} {
		if _, err := keyring.Load(path); err == nil {
			t.Errorf("%s: loaded", path)
		}
	}
	_, err := keyring.Load("none.yaml")
	if err == nil || !strings.Contains(err.Error(), "logproc keys new -k none.yaml") {
		t.Errorf("missing: %v", err)
	}
}

func TestFromEnv(t *testing.T) {
	f := newFile(t)
	if _, err := f.Create(0, 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env    []string
		active int
		fails  string
	}{
		{nil, 0, "neither LOGPROC_KEYS nor LOGPROC_KEYS_FILE"},
		{[]string{keyring.EnvKeys, secretText(5)}, 1, ""},
		{[]string{keyring.EnvKeys, "7:" + secretText(5) + ", 3:" + secretText(2)}, 7, ""},
		{[]string{keyring.EnvFile, f.Path}, 1, ""},
		{[]string{keyring.EnvKeys, secretText(5), keyring.EnvFile, f.Path}, 0, "both"},
		{[]string{keyring.EnvKeys, secretText(5)[:40]}, 0, "key 1: the secret has 30 bytes, expected at least 32"},
		{[]string{keyring.EnvKeys, "0:" + secretText(5)}, 0, "no key id"},
		{[]string{keyring.EnvKeys, secretText(5) + "," + secretText(2)}, 0, "id 1 is given twice"},
		{[]string{keyring.EnvKeys, secretText(5) + ",2:" + secretText(5)}, 0, "that of another key"},
		{[]string{keyring.EnvKeys, "5 " + secretText(5)}, 0, "no base64"},
	} {
		k, err := keyring.FromEnv(env(c.env...))
		switch {
		case c.fails == "" && err != nil, c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
			t.Errorf("%d variables: error %v, want %q", len(c.env), err, c.fails)
		case err != nil:
			checkNoSecret(t, "environment", err)
		case k.Active().ID != c.active:
			t.Errorf("active %d, want %d", k.Active().ID, c.active)
		}
	}
	if _, err := keyring.FromEnv(env()); !errors.Is(err, keyring.ErrNone) {
		t.Error(err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(secrets(good)))
	f.Add([]byte(""))
	f.Add([]byte("keys: [{id: 1, state: active, created: 2026-01-01T00:00:00Z, secret: " + secretText(5) + "}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := keyring.Parse("keys.yaml", data)
		if err != nil {
			checkNoSecret(t, "fuzz", err)
			return
		}
		if k.Active().State != keyring.Active || len(k.Tokens("acc", "acc", nil)) == 0 {
			t.Error("a keyring without an active key")
		}
	})
}

func FuzzTokenLength(f *testing.F) {
	f.Add([]byte("acc_k3_d2kilebkqyz6ccujyj2sblhccu"))
	f.Add([]byte("acc_k3_"))
	f.Fuzz(func(t *testing.T, text []byte) {
		n := keyring.TokenLength(text)
		if n < 0 || n > len(text) || n > keyring.MaxToken {
			t.Fatalf("%q: %d", text, n)
		}
		if n > 0 && !keyring.IsToken(text[:n]) {
			t.Errorf("%q is no token of its own", text[:n])
		}
		prefix := strings.TrimFunc(string(text), func(r rune) bool { return r > 'z' })
		if keyring.ValidPrefix(prefix) {
			token := ephemeral(t).NewHasher().Pseudonym(nil, prefix, "d", text)
			if !keyring.IsToken(token) || len(token) > keyring.MaxToken {
				t.Errorf("%s is not seen as a token", token)
			}
		}
	})
}
