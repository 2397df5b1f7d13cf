package redisstore

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/logproc/logproc/rollup"
)

// reply is an error as the server sends it.
type reply string

func (r reply) Error() string { return string(r) }
func (r reply) RedisError()   {}

func TestRepliesSayWhatToDo(t *testing.T) {
	for _, test := range []struct{ reply, says string }{
		{"OOM command not allowed when used memory > 'maxmemory'.", "allow it more memory"},
		{"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", "its disk is full"},
		{"READONLY You can't write against a read only replica.", "name the master"},
		{"LOADING Redis is loading the dataset in memory", "is loading"},
		{"NOAUTH Authentication required.", PasswordVariable},
		{"WRONGPASS invalid username-password pair or user is disabled.", "check both"},
		{"NOPERM User x has no permissions to run the 'fcall' command", "the command fcall"},
		{"NOPERM No permissions to access a key", "permit it to our user (a key)"},
		{"MOVED 3999 127.0.0.1:6381", "trying again"},
		{"CLUSTERDOWN The cluster is down", "not all of its slots"},
		{"CROSSSLOT Keys in request don't hash to the same slot", "redis+cluster://"},
		{"ERR unknown command 'FCALL', with args beginning with: 'secret'", "answers: ERR unknown command 'FCALL'"},
		{"ERR \x1b[2Jnew\nline", "ERR ?[2Jnew?line"},
	} {
		err := errorOf("commit", reply(test.reply))
		if text := err.Error(); !strings.Contains(text, test.says) || strings.Contains(text, "secret") || strings.Contains(text, "\n") {
			t.Errorf("%s: %v, want %q", test.reply, err, test.says)
		}
		if errors.Is(err, rollup.ErrCorrupt) {
			t.Errorf("%s would end the partition", test.reply)
		}
	}
	for _, corrupt := range []string{"LOGPROC_CORRUPT counts that cannot be read", "WRONGTYPE Operation against a key", "ERR WRONGTYPE Operation script: x"} {
		if err := errorOf("commit", reply(corrupt)); !errors.Is(err, rollup.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", corrupt, err)
		}
	}
}

func TestErrorsOfConnectionsSayWhatToDo(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nobody.Addr().String()
	_ = nobody.Close()
	_, refused := net.Dial("tcp", address)
	for _, test := range []struct {
		err  error
		says string
	}{
		{refused, "whether it runs"},
		{io.EOF, "rediss://"},
		{context.DeadlineExceeded, "no answer within 5s"},
	} {
		got := errorOf("commit", test.err)
		if !strings.Contains(got.Error(), test.says) || !errors.Is(got, test.err) {
			t.Errorf("%v: %v, want %q", test.err, got, test.says)
		}
	}
}
