package keyring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
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
	if _, err := os.Lstat(f.Path); err == nil {
		return Info{}, f.errExists()
	}
	log, err := openAudit(f.Path)
	if err != nil {
		return Info{}, err
	}
	defer log.close()
	k := &Keyring{period: period, retention: retention}
	defer k.Wipe()
	if err := f.addKey(k); err != nil {
		return Info{}, err
	}
	content := k.encode()
	defer clear(content)
	err = create(f.Path, content)
	if errors.Is(err, fs.ErrExist) {
		return Info{}, f.errExists()
	}
	if err != nil {
		return Info{}, fmt.Errorf("make a key file: %w", err)
	}
	return k.Active(), f.record(log, "new", k.active)
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

// change reads the keys, lets decide add a key and name others to destroy, and replaces the file. done is
// called when the new file is in place, even if its traces elsewhere could not be written.
func (f File) change(decide func(*Keyring) (created *key, victims []*key, err error), done func(created *key, victims []*key)) error {
	path, err := filepath.EvalSymlinks(f.Path)
	if err != nil {
		path = f.Path // opening it says why
	}
	probe, err := openKeyFile(path) // before the audit log is made for a file that is not there
	if err != nil {
		return err
	}
	_ = probe.Close()
	log, err := openAudit(path)
	if err != nil {
		return err
	}
	defer log.close()
	old, err := openChecked(path, os.O_RDWR)
	if err != nil {
		return err
	}
	defer func() { _ = old.Close() }()
	data, err := old.content()
	if err != nil {
		return err
	}
	defer clear(data)
	k, err := parse(path, data)
	if err != nil {
		return err
	}
	defer k.Wipe()
	created, victims, err := decide(k)
	if err != nil {
		return err
	}
	if err := f.replace(old, data, k, victims); err != nil {
		return err
	}
	done(created, victims)
	if created != nil {
		err = f.record(log, "rotate", created)
	}
	return errors.Join(err, f.record(log, "destroy", victims...))
}

// replace writes the file anew, with the secrets of the victims overwritten first where they stand, so
// that a crash at any point leaves a file that can be read and in which they are gone or still whole.
func (f File) replace(old keyFile, data []byte, k *Keyring, victims []*key) error {
	for _, key := range victims {
		if err := old.eraseSecret(data, key.secret.bytes()); err != nil {
			return fmt.Errorf("overwrite key %d in %s: %w", key.info.ID, old.path, err)
		}
		key.secret.wipe()
		key.secret = secret{}
		key.info.State, key.info.Destroyed = Destroyed, f.now()
	}
	content := k.encode()
	defer clear(content)
	if err := replace(old.path, content); err != nil {
		return fmt.Errorf("write the pseudonym keys: %w", err)
	}
	if len(victims) == 0 {
		return nil
	}
	if err := old.eraseAll(len(data)); err != nil {
		return fmt.Errorf("overwrite the old version of %s: %w", old.path, err)
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
