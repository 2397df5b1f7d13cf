//go:build !unix

package keyring

import (
	"errors"
	"os"
)

// nonBlock is for systems that have pipes with names.
const nonBlock = 0

// checkAccess refuses: there are no modes here that tell who can read a file.
func checkAccess(path string, _ os.FileInfo) error {
	return errors.New("the key file " + path + " cannot be checked for who may read it on this system; give the keys in " + EnvKeys)
}

func lockFile(*os.File) error { return errors.ErrUnsupported }

func systemUser() string { return "" }
