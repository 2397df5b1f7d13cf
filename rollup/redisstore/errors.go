package redisstore

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/logproc/logproc/rollup"
)

// errUnconfirmed: what was written may still be lost by a crash. The next try waits again.
var errUnconfirmed = errors.New("written, but not yet confirmed")

// errorOf says what was being done and, where the operator can do something, what.
func errorOf(doing string, err error) error {
	explained := fmt.Errorf("%s: %w", doing, explain(err))
	if isAway(err) {
		return awayError{explained}
	}
	return explained
}

// awayError is an error that may pass by itself: rollup.ErrAway, with a text of its own.
type awayError struct{ error }

// Is reports whether target is rollup.ErrAway.
func (awayError) Is(target error) bool { return target == rollup.ErrAway }

// Unwrap gives the error itself.
func (e awayError) Unwrap() error { return e.error }

func isAway(err error) bool {
	for _, begins := range [...]string{"LOADING", "MASTERDOWN", "CLUSTERDOWN"} {
		if isReply(err, begins) {
			return true
		}
	}
	return isTimeout(err) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)
}

// explain gives errors of the server and of the connection a text that tells what to do. What has a text of
// our own is left alone.
func explain(err error) error {
	var reply redis.Error
	if errors.As(err, &reply) && !errors.Is(err, redis.Nil) {
		return explainReply(reply.Error())
	}
	if text := adviceForConnection(err); text != "" {
		return fmt.Errorf("%w; %s", err, text)
	}
	return err
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// replies are the errors of a server that have a remedy, by the word that they begin with.
var replies = [...]struct{ begins, says string }{
	{"OOM", "the Redis server has reached its maxmemory; nothing was changed; allow it more memory, or keep fewer days"},
	{"MISCONF", "the Redis server cannot write its snapshot or append-only file, and therefore takes no writes; see its log, mostly its disk is full"},
	{"READONLY", "the Redis server is a replica, which takes no writes; name the master, or use redis+sentinel://"},
	{"LOADING", "the Redis server is loading its data; it will answer when that is done"},
	{"MASTERDOWN", "the Redis server is a replica that has lost its master"},
	{"NOREPLICAS", "the Redis server has too few replicas to take writes (min-replicas-to-write)"},
	{"NOAUTH", "the Redis server wants a password, expected one in the URL's password_file=, or in the environment variable " + PasswordVariable},
	{"WRONGPASS", "the Redis server refuses user and password; check both"},
	{"ERR AUTH <password> called without any password", "the Redis server has no password for the default user; leave the password away, or name a user"},
	{"MOVED", "the Redis cluster has moved a slot; trying again"},
	{"ASK", "the Redis cluster is moving a slot; trying again"},
	{"TRYAGAIN", "the Redis cluster is moving a slot; trying again"},
	{"CLUSTERDOWN", "the Redis cluster is down: not all of its slots have a server"},
	{"CROSSSLOT", "the Redis server is a cluster; use redis+cluster://"},
	{"ERR unknown command 'sentinel'", "the address is of a Redis server, expected one of a Sentinel"},
	{"BUSY", "the Redis server is busy with a script"},
	{"ERR max number of clients", "the Redis server has reached its maxclients"},
	{"ERR DB index", "the Redis server has no database of that number"},
	{"ERR invalid DB index", "the Redis server has no database of that number"},
	{"ERR SELECT is not allowed in cluster mode", "the Redis server is a cluster; use redis+cluster://"},
	{"ERR This instance has cluster support disabled", "the Redis server is no cluster; use redis://"},
}

// explainReply gives a server's error in our words. What the server says is not always repeated, as it can
// quote what it was sent.
func explainReply(reply string) error {
	switch {
	case strings.HasPrefix(reply, "LOGPROC_CORRUPT"):
		return fmt.Errorf("%w: counts that cannot be read", rollup.ErrCorrupt)
	case strings.Contains(reply, "WRONGTYPE"):
		return fmt.Errorf("%w: one of its keys is of another program; choose another prefix", rollup.ErrCorrupt)
	case strings.Contains(reply, "user executing the script can't"):
		return errors.New("the Redis server does not permit a command of the functions to our user; see the ACL in the manual")
	case strings.HasPrefix(reply, "NOPERM"):
		return errors.New("the Redis server does not permit it to our user (" + permission(reply) + "); see the ACL in the manual")
	}
	for _, known := range replies {
		if strings.HasPrefix(reply, known.begins) {
			return errors.New(known.says)
		}
	}
	text, _, _ := strings.Cut(reply, ", with args")
	if len(text) > 200 {
		text = text[:200]
	}
	return fmt.Errorf("the Redis server answers: %s", strings.Map(printable, text))
}

// permission says which of the three kinds of permission is missing.
func permission(reply string) string {
	switch {
	case strings.Contains(reply, "key"):
		return "a key"
	case strings.Contains(reply, "channel"):
		return "a channel"
	}
	_, after, found := strings.Cut(reply, "'")
	command, _, closed := strings.Cut(after, "'")
	if found && closed && len(command) < 40 {
		return "the command " + strings.Map(printable, command)
	}
	return "a command"
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}

// adviceForConnection says what to do about errors of connections, and nothing for others.
func adviceForConnection(err error) string {
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var noTLS tls.RecordHeaderError
	var dns *net.DNSError
	switch {
	case errors.As(err, &certificate), errors.As(err, &unknown), errors.As(err, &host):
		return "check the Redis server's certificate, and ca= and server_name= in the URL"
	case errors.As(err, &noTLS):
		return "the port does not speak TLS: check the port, or use redis://"
	case errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &dns):
		return "check host and port of the Redis server, and whether it runs"
	case isTimeout(err):
		return fmt.Sprintf("no answer within %s: is the Redis server overloaded, or TLS (rediss://) used on one side only?", timeout)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection was closed; if that stays so, does the port speak TLS (rediss://)?"
	case strings.Contains(err.Error(), "all sentinels"):
		return "check the addresses of the Sentinels and the name of the master"
	}
	return ""
}
