package keyring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// File changes a key file. Each change is made under a lock against other processes, is atomic, and is
// written to the audit log beside the file (its name with .log added) and to Log.
type File struct {
	Path   string
	Now    func() time.Time // default time.Now
	Random io.Reader        // default crypto/rand.Reader
	Who    string           // default the user of the operating system
	Log    *slog.Logger     // default none
}

// Create makes the file with one key. period is how long a key should be active, retention how long a
// retired one should answer look-ups; both may be 0. A file that is there is not touched.
func (f File) Create(period, retention time.Duration) (Info, error) {
	if period < 0 || retention < 0 {
		return Info{}, errors.New("make a key file: period and retention must not be negative")
	}
	if f.exists() { // before an audit log is made for nothing
		return Info{}, f.errExists()
	}
	log, err := openAudit(f.Path)
	if err != nil {
		return Info{}, err
	}
	defer log.close()
	if f.exists() {
		return Info{}, f.errExists()
	}
	k := &Keyring{period: period, retention: retention}
	defer k.Wipe()
	if err := f.addKey(k); err != nil {
		return Info{}, err
	}
	content := k.encode()
	defer clear(content)
	if err := replace(f.Path, content); err != nil {
		return Info{}, fmt.Errorf("make a key file: %w", err)
	}
	return k.Active(), f.record(log, "new", k.active)
}

func (f File) exists() bool {
	_, err := os.Lstat(f.Path)
	return err == nil
}

func (f File) errExists() error {
	return fmt.Errorf("make a key file: %s is there already: `logproc keys rotate -k %s` adds a key to it", f.Path, f.Path)
}

// Rotate adds a new active key. The one before stays for look-ups; retired keys whose retention has ended
// are destroyed, which gone tells.
func (f File) Rotate() (active Info, gone []Info, err error) {
	err = f.change(func(k *Keyring) (created *key, victims []*key, err error) {
		now := f.now()
		for _, id := range k.expired(now) {
			victims = append(victims, k.find(id))
		}
		k.active.info.State, k.active.info.Retired = Retired, now
		if err := f.addKey(k); err != nil {
			return nil, nil, err
		}
		return k.active, victims, nil
	}, func(created *key, victims []*key) {
		active = created.info
		for _, key := range victims {
			gone = append(gone, key.info)
		}
	})
	return active, gone, err
}

// Destroy overwrites the secret of a key that is not active, so that nobody can tell any more whose its
// pseudonyms are. The entry stays, with the time. What the file system, a snapshot or a backup keeps of
// older versions of the file is out of reach.
func (f File) Destroy(id int) (destroyed Info, err error) {
	err = f.change(func(k *Keyring) (*key, []*key, error) {
		victim := k.find(id)
		switch {
		case victim == nil:
			return nil, nil, fmt.Errorf("destroy key %d: %s has no such key: `logproc keys list -k %s` shows them", id, f.Path, f.Path)
		case victim.info.State == Active:
			return nil, nil, fmt.Errorf("destroy key %d: it is active: `logproc keys rotate -k %s` first", id, f.Path)
		case victim.info.State == Destroyed:
			return nil, nil, fmt.Errorf("destroy key %d: it was destroyed at %s", id, victim.info.Destroyed.UTC().Format(time.RFC3339))
		}
		return nil, []*key{victim}, nil
	}, func(_ *key, victims []*key) { destroyed = victims[0].info })
	return destroyed, err
}

// decision is what a change does to keys: add one (or nil), and destroy others.
type decision func(k *Keyring) (created *key, victims []*key, err error)

// change reads the keys, lets decide change them, and replaces the file. done is called when the new file
// is in place, even if its traces elsewhere could not be written.
func (f File) change(decide decision, done func(created *key, victims []*key)) error {
	e, err := f.begin()
	if err != nil {
		return err
	}
	defer e.end()
	created, victims, err := decide(e.keys)
	if err != nil {
		return err
	}
	victims = e.keys.withErased(victims)
	if err := f.replace(e, victims); err != nil {
		return err
	}
	done(created, victims)
	if created != nil {
		err = f.record(e.log, "rotate", created)
	}
	return errors.Join(err, f.record(e.log, "destroy", victims...))
}

// edit is a key file that is locked and read.
type edit struct {
	log  *audit // holds the lock
	old  keyFile
	data []byte
	keys *Keyring
}

// begin locks and reads the key file. The caller ends the edit.
func (f File) begin() (*edit, error) {
	path, err := filepath.EvalSymlinks(f.Path)
	if err != nil {
		path = f.Path // opening it says why
	}
	probe, err := openKeyFile(path) // before an audit log is made for a file that is not there
	if err != nil {
		return nil, err
	}
	_ = probe.Close()
	e := new(edit)
	if e.log, err = openAudit(path); err != nil {
		return nil, err
	}
	if err := e.read(path); err != nil {
		e.end()
		return nil, err
	}
	return e, nil
}

func (e *edit) read(path string) (err error) {
	if e.old, err = openChecked(path, os.O_RDWR); err != nil {
		return err
	}
	if e.data, err = e.old.content(); err != nil {
		return err
	}
	e.keys, err = parse(path, e.data)
	return err
}

// end gives the lock back and overwrites what is in memory.
func (e *edit) end() {
	if e.keys != nil {
		e.keys.Wipe()
	}
	clear(e.data)
	if e.old.File != nil {
		_ = e.old.Close()
	}
	e.log.close()
}

// withErased adds to the keys to destroy those whose destruction was cut short.
func (k *Keyring) withErased(victims []*key) []*key {
	for _, key := range k.keys {
		if key.info.State == Retired && !key.secret.there() && !slices.Contains(victims, key) {
			victims = append(victims, key)
		}
	}
	return victims
}

// replace writes the file anew, with the secrets of the victims overwritten first where they stand, so
// that a crash at any point leaves a file that can be read and in which they are gone or still whole.
func (f File) replace(e *edit, victims []*key) error {
	for _, key := range victims {
		if err := e.old.eraseSecret(e.data, key.secret.bytes()); err != nil {
			return fmt.Errorf("overwrite key %d in %s: %w", key.info.ID, e.old.path, err)
		}
		key.secret.wipe()
		key.secret = secret{}
		key.info.State, key.info.Destroyed = Destroyed, f.now()
	}
	content := e.keys.encode()
	defer clear(content)
	if err := replace(e.old.path, content); err != nil {
		return fmt.Errorf("write the pseudonym keys: %w", err)
	}
	if len(victims) == 0 {
		return nil
	}
	if err := e.old.eraseAll(len(e.data)); err != nil {
		return fmt.Errorf("overwrite the old version of %s: %w", e.old.path, err)
	}
	return nil
}

// addKey adds a new active key to k, whose active one has been retired.
func (f File) addKey(k *Keyring) error {
	random := f.Random
	if random == nil {
		random = rand.Reader
	}
	fresh, err := newSecret(random)
	if err != nil {
		return err
	}
	id := 1
	if n := len(k.keys); n > 0 {
		id = k.keys[n-1].info.ID + 1
	}
	if id > maxID || len(k.keys) >= maxKeys {
		return fmt.Errorf("add a key: the file has no room for one more than id %d and %d keys", id-1, len(k.keys))
	}
	k.active = &key{info: Info{ID: id, State: Active, Created: f.now()}, secret: fresh}
	k.keys = append(k.keys, k.active)
	return nil
}

// record tells the audit log and Log what was done to keys.
func (f File) record(log *audit, action string, keys ...*key) error {
	if len(keys) == 0 {
		return nil
	}
	who := f.Who
	if who == "" {
		who = systemUser()
	}
	entries := make([]entry, len(keys))
	for i, key := range keys {
		entries[i] = entry{Time: f.now(), Action: action, Key: key.info.ID, Who: who}
		if f.Log != nil {
			f.Log.Info("pseudonym key changed", "action", action, "key", key.info.ID, "file", f.Path, "who", who)
		}
	}
	return log.write(entries...)
}

// now is the time in the precision of the file.
func (f File) now() time.Time {
	now := time.Now
	if f.Now != nil {
		now = f.Now
	}
	return now().UTC().Truncate(time.Second)
}
