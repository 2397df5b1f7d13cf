package keyring

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// auditSuffix follows the key file's name in that of its audit log.
const auditSuffix = ".log"

// audit is the log of changes beside a key file, open and locked: who holds it is the only one to change
// the key file.
type audit struct {
	f    *os.File
	path string
}

// entry is a line of the audit log.
type entry struct {
	Time   time.Time `json:"time"`
	Action string    `json:"action"` // new, rotate or destroy
	Key    int       `json:"key"`
	Who    string    `json:"who"` // the user of the operating system
}

// openAudit opens and locks the audit log of a key file, waiting for another process that has it.
func openAudit(keys string) (*audit, error) {
	path := keys + auditSuffix
	for {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open the audit log of the keys: %w", err)
		}
		if err := lockFile(f); err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if sameFile(f, path) {
			return &audit{f, path}, nil
		}
		_ = f.Close() // it was moved away while we waited
	}
}

func sameFile(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(opened, named)
}

// write adds entries and waits until they are on the disk.
func (a *audit) write(entries ...entry) error {
	var lines []byte
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
	}
	if _, err := a.f.Write(lines); err != nil {
		return fmt.Errorf("write the audit log of the keys: %w", err)
	}
	if err := a.f.Sync(); err != nil {
		return fmt.Errorf("write the audit log of the keys: %w", err)
	}
	return nil
}

// close ends the lock too.
func (a *audit) close() { _ = a.f.Close() }
