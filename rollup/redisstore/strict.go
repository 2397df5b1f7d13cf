package redisstore

import "errors"

// Strict says what a commit waits for beyond the server's answer.
type Strict string

// What a commit may wait for. Anything but StrictOff needs Redis 7.2 or later.
const (
	StrictOff     Strict = "off"     // nothing: what the server has not written yet is counted again after its crash
	StrictLocal   Strict = "local"   // until the server has it on disk
	StrictReplica Strict = "replica" // until the server and one of its replicas have it on disk
)

// ParseStrict reads off, local or replica; empty is off.
func ParseStrict(text string) (Strict, error) {
	switch s := Strict(text); s {
	case "":
		return StrictOff, nil
	case StrictOff, StrictLocal, StrictReplica:
		return s, nil
	}
	return "", errors.New("expected off, local or replica")
}

// flag is the function's argument.
func (s Strict) flag() string {
	if s == StrictOff {
		return "0"
	}
	return "1"
}
