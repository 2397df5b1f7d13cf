//go:build unix

package keyring

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// nonBlock keeps the opening of a pipe from waiting for its other end.
const nonBlock = syscall.O_NONBLOCK

// checkAccess refuses a key file that somebody else could have read or written.
func checkAccess(path string, info os.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("the key file %s has mode %04o, so that others may use it; expected 0600: `chmod 600 %s`, and rotate if it was read", path, mode, path)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if own := os.Geteuid(); ok && int(stat.Uid) != own {
		return fmt.Errorf("the key file %s belongs to user id %d, expected %d, who runs this: `chown %d %s`", path, stat.Uid, own, own, path)
	}
	return nil
}

// lockFile waits for the only lock on f, which ends with f.
func lockFile(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			return err
		}
	}
}

// systemUser names who runs this process, for the audit log.
func systemUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}
