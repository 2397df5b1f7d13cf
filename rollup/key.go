package rollup

import (
	"encoding/binary"
	"errors"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
)

// MaxKeyPart is the longest Service, Env or Msg in bytes that a store keeps as it is; see Key.Bounded.
const MaxKeyPart = 1024

// Bounded gives the key with every part longer than MaxKeyPart replaced by Overflow. Every store counts
// under it, so that no key, however long, can make a commit fail for good.
func (k Key) Bounded() Key {
	if int(k.Level) >= parse.LevelCount {
		k.Level = parse.LevelUnknown
	}
	return Key{Service: bounded(k.Service), Env: bounded(k.Env), Level: k.Level, Msg: bounded(k.Msg)}
}

// Bounded does for a form what Key.Bounded does for a key.
func (f Form) Bounded() Form {
	f.Service, f.Env, f.Text = bounded(f.Service), bounded(f.Env), bounded(f.Text)
	return f
}

func bounded(part redact.Text) redact.Text {
	if len(part.String()) > MaxKeyPart {
		return redact.Const(Overflow)
	}
	return part
}

// AppendKey appends the stored form of k: service, env and msg, each with its length before it, and the
// level as the last byte. Two keys have the same form only if they are equal, whatever bytes they hold.
func AppendKey(dst []byte, k Key) []byte {
	dst = appendPart(dst, k.Service.String())
	dst = appendPart(dst, k.Env.String())
	dst = appendPart(dst, k.Msg.String())
	return append(dst, byte(k.Level))
}

// AppendKeyPrefix appends what the stored forms of all keys of a service, or of a service and env, begin
// with. An env can only narrow a service; a nil service gives no prefix.
func AppendKeyPrefix(dst []byte, service, env *string) []byte {
	if service == nil {
		return dst
	}
	dst = appendPart(dst, *service)
	if env != nil {
		dst = appendPart(dst, *env)
	}
	return dst
}

var errKeyForm = errors.New("a stored key that cannot be read")

// DecodeKey reads what AppendKey wrote, and refuses everything that AppendKey does not write. The key
// shares no memory with b.
func DecodeKey(b []byte) (Key, error) {
	var k Key
	var ok [3]bool
	k.Service, b, ok[0] = cutPart(b)
	k.Env, b, ok[1] = cutPart(b)
	k.Msg, b, ok[2] = cutPart(b)
	if ok != [3]bool{true, true, true} || len(b) != 1 || int(b[0]) >= parse.LevelCount {
		return Key{}, errKeyForm
	}
	k.Level = parse.Level(b[0])
	return k, nil
}

// KeyOwner gives the leading part of a stored key that names its service and env; ok is false when b is
// no stored key. It borrows b.
func KeyOwner(b []byte) (owner []byte, ok bool) {
	service, size, ok := partAt(b)
	if !ok {
		return nil, false
	}
	env, size2, ok := partAt(b[size+len(service):])
	if !ok {
		return nil, false
	}
	return b[:size+len(service)+size2+len(env)], true
}

func appendPart(dst []byte, part string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(part)))
	return append(dst, part...)
}

func cutPart(b []byte) (part redact.Text, rest []byte, ok bool) {
	p, size, ok := partAt(b)
	if !ok {
		return part, nil, false
	}
	return redact.Stored(string(p)), b[size+len(p):], true
}

// partAt gives the part at the start of b and the size of the length before it.
func partAt(b []byte) (part []byte, size int, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, 0, false
	}
	if size > 1 && b[size-1] == 0 { // longer than need be: AppendUvarint writes no such length
		return nil, 0, false
	}
	return b[size : size+int(n)], size, true
}
