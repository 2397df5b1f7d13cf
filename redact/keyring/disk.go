package keyring

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// keyFile is an open key file whose mode and owner are in order.
type keyFile struct {
	*os.File
	path string
}

func openKeyFile(path string) (keyFile, error) {
	return openChecked(path, os.O_RDONLY)
}

// openChecked looks at the file that was opened, not at its name, so that nothing can be put in between.
func openChecked(path string, flag int) (keyFile, error) {
	f, err := os.OpenFile(path, flag|nonBlock, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return keyFile{}, fmt.Errorf("read the pseudonym keys: %w: `logproc keys new -k %s` makes the file", err, path)
	}
	if err != nil {
		return keyFile{}, fmt.Errorf("read the pseudonym keys: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("the key file %s is no regular file", path)
	}
	if err == nil {
		err = checkAccess(path, info)
	}
	if err != nil {
		_ = f.Close()
		return keyFile{}, err
	}
	return keyFile{f, path}, nil
}

// content reads the whole file. The caller clears it.
func (f keyFile) content() ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the pseudonym keys: %w", err)
	}
	if len(data) > maxKeyFile {
		return nil, fmt.Errorf("the key file %s has more than %d bytes", f.path, maxKeyFile)
	}
	return data, nil
}

// eraseSecret overwrites a secret where it stands in the file, leaving a file that can still be read, and
// waits until that is on the disk. A secret that is written in an unusual way is left to eraseAll.
func (f keyFile) eraseSecret(data, secret []byte) error {
	text := base64.StdEncoding.AppendEncode(nil, secret)
	defer clear(text)
	at := bytes.Index(data, text)
	if at < 0 {
		return nil
	}
	if _, err := f.WriteAt(erasedText(len(secret)), int64(at)); err != nil {
		return err
	}
	return f.Sync()
}

// erasedText is the text of a secret of n bytes that is overwritten: of as many characters, all bits 0.
func erasedText(n int) []byte { return base64.StdEncoding.AppendEncode(nil, make([]byte, n)) }

// eraseAll overwrites the whole file. It is only for one that has no name any more.
func (f keyFile) eraseAll(size int) error {
	if _, err := f.WriteAt(make([]byte, size), 0); err != nil {
		return err
	}
	return f.Sync()
}

// newSuffix follows the key file's name in that of its next version, until that takes its place.
const newSuffix = ".new"

// replace puts a file with this content in the place of path: a crash leaves the old or the new one. The
// caller holds the lock.
func replace(path string, content []byte) error {
	if err := eraseLeftover(path + newSuffix); err != nil {
		return err
	}
	if err := create(path+newSuffix, content); err != nil {
		return err
	}
	if err := os.Rename(path+newSuffix, path); err != nil {
		return errors.Join(err, eraseLeftover(path+newSuffix))
	}
	return syncDir(filepath.Dir(path))
}

// eraseLeftover removes what a crash has left of a next version, which may hold secrets.
func eraseLeftover(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.Mode().IsRegular() {
		if f, err := openChecked(path, os.O_RDWR); err == nil {
			err = f.eraseAll(int(info.Size()))
			_ = f.Close()
			if err != nil {
				return err
			}
		}
	}
	return os.Remove(path)
}

// create writes a file that must not be there yet.
func create(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return errors.Join(err, eraseLeftover(path))
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a change of names in a folder last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	return err
}
