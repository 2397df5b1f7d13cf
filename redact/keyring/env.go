package keyring

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The variables that FromEnv reads.
const (
	EnvKeys = "LOGPROC_KEYS"      // base64 of a secret, or id:base64 of several, separated by commas, the active one first
	EnvFile = "LOGPROC_KEYS_FILE" // the path of a key file
)

// ErrNone is what FromEnv gives when the environment names no keys.
var ErrNone = errors.New("no pseudonym keys: neither " + EnvKeys + " nor " + EnvFile + " is set")

// FromEnv gives the keys that the environment names, in LOGPROC_KEYS (the secrets themselves) or in
// LOGPROC_KEYS_FILE (a path, see Load), or ErrNone.
func FromEnv(getenv func(string) string) (*Keyring, error) {
	keys, file := getenv(EnvKeys), getenv(EnvFile)
	switch {
	case keys != "" && file != "":
		return nil, errors.New("both " + EnvKeys + " and " + EnvFile + " are set, expected one of them")
	case file != "":
		return Load(file)
	case keys != "":
		return parseEnv(keys)
	}
	return nil, ErrNone
}

func parseEnv(text string) (*Keyring, error) {
	k := new(Keyring)
	for i, item := range strings.Split(text, ",") {
		key, err := parseEnvKey(strings.TrimSpace(item))
		if err != nil {
			return nil, fmt.Errorf("%s, key %d: %w", EnvKeys, i+1, err)
		}
		if k.find(key.info.ID) != nil {
			return nil, fmt.Errorf("%s, key %d: id %d is given twice", EnvKeys, i+1, key.info.ID)
		}
		if k.holds(key.secret) {
			return nil, fmt.Errorf("%s, key %d: its secret is that of another key", EnvKeys, i+1)
		}
		if i == 0 {
			k.active = key
		} else {
			key.info.State = Retired
		}
		k.keys = append(k.keys, key)
	}
	slices.SortFunc(k.keys, func(a, b *key) int { return a.info.ID - b.info.ID })
	return k, nil
}

// parseEnvKey reads "base64" or "id:base64".
func parseEnvKey(item string) (*key, error) {
	id := 1
	if before, after, ok := strings.Cut(item, ":"); ok {
		n, err := strconv.Atoi(before)
		if err != nil || n < 1 || n > maxID {
			return nil, fmt.Errorf("what stands before the colon is no key id, expected a number from 1 to %d", maxID)
		}
		id, item = n, after
	}
	secret, err := decodeSecret(item)
	if err != nil {
		return nil, err
	}
	return &key{info: Info{ID: id}, secret: secret}, nil
}
