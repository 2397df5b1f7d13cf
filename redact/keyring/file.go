package keyring

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/logproc/logproc/internal/conf"
)

// Bounds of a key file.
const (
	maxID      = 999_999_999
	maxKeys    = 10_000
	maxKeyFile = 4 << 20
)

// fileVersion is what a key file's version says.
const fileVersion = 1

// Load reads a key file, which has to be a regular file that belongs to this user and that nobody else
// can read or write: mode 0600 or stricter. What is wrong with the content comes as conf.Diagnostics,
// with line and column and without any secret.
func Load(path string) (*Keyring, error) {
	f, err := openKeyFile(path)
	if err != nil {
		return nil, err
	}
	data, err := f.content()
	_ = f.Close()
	if err != nil {
		return nil, err
	}
	defer clear(data)
	return parse(path, data)
}

// fileForm is the key file.
type fileForm struct {
	Version   int           `yaml:"version"`
	Period    time.Duration `yaml:"period"`
	Retention time.Duration `yaml:"retention"`
	Keys      []keyForm     `yaml:"keys"`
}

type keyForm struct {
	ID        int       `yaml:"id"`
	State     State     `yaml:"state"`
	Created   time.Time `yaml:"created"`
	Retired   time.Time `yaml:"retired"`
	Destroyed time.Time `yaml:"destroyed"`
	Secret    string    `yaml:"secret" conf:"secret"`
}

// UnmarshalText reads a state's word.
func (s *State) UnmarshalText(text []byte) error {
	for _, state := range []State{Active, Retired, Destroyed} {
		if string(text) == state.String() {
			*s = state
			return nil
		}
	}
	return fmt.Errorf("the state of a key is one of active, retired, destroyed")
}

// Expects says what UnmarshalText reads.
func (State) Expects() string { return "active, retired or destroyed" }

// parse reads a key file's content; what is wrong with it is an error of type conf.Diagnostics.
func parse(path string, data []byte) (*Keyring, error) {
	form := fileForm{Version: fileVersion}
	doc, found := conf.Decode(path, data, &form)
	if len(found) > 0 { // without the values there is nothing to check
		return nil, withheld(found)
	}
	k := form.keyring(doc)
	if found := doc.Diagnostics(); len(found) > 0 {
		k.Wipe()
		return nil, withheld(found)
	}
	return k, nil
}

// keyring checks the file as a whole and adds to doc what is wrong.
func (f *fileForm) keyring(doc *conf.Document) *Keyring {
	k := &Keyring{period: f.Period, retention: f.Retention}
	if f.Version != fileVersion {
		doc.Add("version", "version is "+strconv.Itoa(f.Version), strconv.Itoa(fileVersion))
	}
	if f.Period < 0 {
		doc.Add("period", "period is negative", "a time such as 90d, or 0 for none")
	}
	if f.Retention < 0 {
		doc.Add("retention", "retention is negative", "a time such as 400d, or 0 for no end")
	}
	if len(f.Keys) > maxKeys {
		doc.Add("keys", fmt.Sprintf("the file has %d keys", len(f.Keys)), fmt.Sprintf("at most %d", maxKeys))
		return k
	}
	last := 0
	for i := range f.Keys {
		at := "keys[" + strconv.Itoa(i) + "]"
		key := f.Keys[i].key(doc, at)
		if key.info.ID <= last || key.info.ID > maxID {
			doc.Add(at+".id", "id is "+strconv.Itoa(key.info.ID), fmt.Sprintf("a number above %d, the id before it, and at most %d", last, maxID))
		}
		last = max(last, key.info.ID)
		k.add(doc, at, key)
	}
	if k.active == nil {
		doc.Add("keys", "no key is active", "one key with state active")
	}
	return k
}

// add takes a key in.
func (k *Keyring) add(doc *conf.Document, at string, key *key) {
	if key.info.State == Active {
		if k.active != nil {
			doc.Add(at+".state", fmt.Sprintf("key %d is active beside key %d", key.info.ID, k.active.info.ID), "one active key, the others retired or destroyed")
		}
		k.active = key
	}
	if k.holds(key.secret) {
		doc.Add(at+".secret", "the secret is that of another key", "a secret of its own")
	}
	k.keys = append(k.keys, key)
}

// holds reports whether a key has this secret.
func (k *Keyring) holds(s secret) bool {
	return slices.ContainsFunc(k.keys, func(key *key) bool { return key.secret.same(s) })
}

// key checks one entry.
func (f *keyForm) key(doc *conf.Document, at string) *key {
	k := &key{info: Info{ID: f.ID, State: f.State, Created: f.Created, Retired: f.Retired, Destroyed: f.Destroyed}}
	if !doc.Has(at + ".state") {
		doc.Add(at, "the key has no state", State(0).Expects())
	}
	if f.Created.IsZero() {
		doc.Add(at, "the key has no created", "the time at which it was made, such as 2026-01-31T09:00:00Z")
	}
	switch {
	case f.State == Destroyed && f.Secret != "":
		doc.Add(at+".secret", "a destroyed key has a secret", "no secret: `logproc keys destroy` removes it")
	case f.State == Destroyed && f.Destroyed.IsZero():
		doc.Add(at, "a destroyed key has no destroyed", "the time at which it was destroyed")
	case f.State == Retired && f.Retired.IsZero():
		doc.Add(at, "a retired key has no retired", "the time at which it was retired")
	case f.State != Destroyed && !f.Destroyed.IsZero():
		doc.Add(at+".destroyed", "a key that is "+f.State.String()+" has a time of destruction", "state destroyed")
	case f.State == Active && !f.Retired.IsZero():
		doc.Add(at+".retired", "the active key has a time of retirement", "state retired")
	}
	if f.State != Destroyed {
		k.readSecret(doc, at, f)
	}
	return k
}

// readSecret decodes the secret of a live key. One that a destruction has overwritten before it was cut
// short leaves a retired key without a secret, which the next destruction ends.
func (k *key) readSecret(doc *conf.Document, at string, f *keyForm) {
	if f.Secret == "" {
		doc.Add(at, "the key has no secret", "base64 of at least 32 random bytes")
		return
	}
	secret, err := decodeSecret(f.Secret)
	switch {
	case err == errErased && f.State == Retired:
	case err != nil:
		doc.Add(at+".secret", err.Error(), "")
	default:
		k.secret = secret
	}
}

const fileHead = `# Pseudonym keys of logproc. Whoever has a secret can tell whose a pseudonym is: keep this file at mode
# 0600, out of version control, and destroy its backups together with a key. Change it with
# "logproc keys rotate" and "logproc keys destroy" only.
`

// encode gives the key file. The caller clears it after use.
func (k *Keyring) encode() []byte {
	var b bytes.Buffer
	b.WriteString(fileHead)
	fmt.Fprintf(&b, "version: %d\n", fileVersion)
	if k.period > 0 {
		fmt.Fprintf(&b, "period: %s\n", FormatPeriod(k.period))
	}
	if k.retention > 0 {
		fmt.Fprintf(&b, "retention: %s\n", FormatPeriod(k.retention))
	}
	b.WriteString("keys:\n")
	for _, key := range k.keys {
		fmt.Fprintf(&b, "  - id: %d\n    state: %s\n", key.info.ID, key.info.State)
		writeTime(&b, "created", key.info.Created)
		writeTime(&b, "retired", key.info.Retired)
		writeTime(&b, "destroyed", key.info.Destroyed)
		if key.secret.there() {
			b.WriteString("    secret: ")
			b.Write(base64.StdEncoding.AppendEncode(b.AvailableBuffer(), key.secret.bytes()))
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

func writeTime(b *bytes.Buffer, name string, t time.Time) {
	if !t.IsZero() {
		fmt.Fprintf(b, "    %s: %s\n", name, t.UTC().Format(time.RFC3339))
	}
}
