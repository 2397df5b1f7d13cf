package redisstore

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// IsURL reports whether a URL has a scheme that Open takes.
func IsURL(rawURL string) bool {
	scheme, _, _ := strings.Cut(rawURL, ":")
	switch scheme {
	case "redis", "rediss", "redis+unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster":
		return true
	}
	return false
}

// PasswordVariable is the environment variable that is read where the URL names no password.
const PasswordVariable = "LOGPROC_STORE_PASSWORD"

// topology is how the servers stand to each other.
type topology int

const (
	single topology = iota
	sentinel
	cluster
)

// target is what a URL says.
type target struct {
	topology               topology
	network                string // of addresses: tcp or unix
	addresses              []string
	master                 string // name of the master that the Sentinels watch
	db                     int
	user, password         string
	sentinelUser           string
	sentinelPassword       string
	prefix                 string
	tls                    bool
	ca, cert, key, tlsName string
}

// parameters are what a URL's query may hold.
const parameters = "prefix, password_file, ca, cert, key, server_name, sentinel_user and sentinel_password_file"

var prefixForm = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)

// CheckURL says what is wrong with a URL without connecting to anything; the files it names are read. The
// error never repeats the URL, which may hold a password.
func CheckURL(rawURL string, getenv func(string) string) error {
	t, err := parseURL(rawURL, getenv)
	if err != nil {
		return err
	}
	_, err = t.tlsConfig()
	return err
}

func parseURL(rawURL string, getenv func(string) string) (*target, error) {
	if !IsURL(rawURL) {
		return nil, errors.New("expected redis://HOST:PORT/DB, rediss, redis+unix, redis+sentinel or redis+cluster")
	}
	scheme, _, _ := strings.Cut(rawURL, ":")
	t := &target{network: "tcp", prefix: "logproc"}
	base, kind, _ := strings.Cut(scheme, "+")
	t.tls = base == "rediss"
	switch kind {
	case "sentinel":
		t.topology = sentinel
	case "cluster":
		t.topology = cluster
	case "unix":
		t.network = "unix"
	}
	hosts, u, err := splitHosts(rawURL)
	if err != nil {
		return nil, err
	}
	if err := t.place(hosts, u.Path); err != nil {
		return nil, err
	}
	if err := t.query(u.RawQuery); err != nil {
		return nil, err
	}
	if u.User != nil {
		t.user = u.User.Username()
		if p, given := u.User.Password(); given && t.password == "" {
			t.password = p
		}
	}
	if t.password == "" && getenv != nil {
		t.password = getenv(PasswordVariable)
	}
	if t.user != "" && t.password == "" {
		return nil, errors.New("it names a user without a password, expected one in the file of password_file=, in the environment variable " + PasswordVariable + " or behind the user's name")
	}
	return t, nil
}

// splitHosts takes the hosts out of a URL, of which net/url knows one at most.
func splitHosts(rawURL string) (hosts string, u *url.URL, err error) {
	_, rest, found := strings.Cut(rawURL, "://")
	if !found {
		return "", nil, errors.New("expected redis://HOST:PORT/DB")
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	login := ""
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		login, authority = authority[:i+1], authority[i+1:]
	}
	u, err = url.Parse("redis://" + login + "host" + path)
	if err != nil || u.Fragment != "" { // the error repeats the URL
		return "", nil, errors.New("it cannot be read, expected redis://USER:PASSWORD@HOST:PORT/DB, with special characters of the password written as in %2F")
	}
	return authority, u, nil
}

// place sets what says where the servers are.
func (t *target) place(hosts, path string) error {
	name := strings.TrimPrefix(path, "/")
	if t.network == "unix" {
		if hosts != "" || name == "" {
			return errors.New("expected redis+unix:///PATH/TO/SOCKET")
		}
		t.addresses = []string{path}
		return nil
	}
	port := "6379"
	if t.topology == sentinel {
		port = "26379"
	}
	for _, host := range strings.Split(hosts, ",") {
		address, err := addressOf(host, port)
		if err != nil {
			return err
		}
		t.addresses = append(t.addresses, address)
	}
	if t.topology == single && len(t.addresses) > 1 {
		return errors.New("several hosts need redis+sentinel:// or redis+cluster://")
	}
	if t.topology == sentinel {
		if t.master, name, _ = strings.Cut(name, "/"); t.master == "" {
			return errors.New("the name of the master is missing, expected redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB")
		}
	}
	return t.database(name)
}

func (t *target) database(name string) error {
	if name == "" {
		return nil
	}
	n, err := strconv.ParseUint(name, 10, 16)
	switch {
	case err != nil:
		return errors.New("the database is a number, as in redis://HOST:PORT/0")
	case t.topology == cluster && n != 0:
		return errors.New("a cluster has only database 0")
	}
	t.db = int(n)
	return nil
}

func addressOf(host, port string) (string, error) {
	name, number, err := net.SplitHostPort(host)
	if err != nil { // without a port
		name, number = strings.Trim(host, "[]"), port
	}
	if n, err := strconv.ParseUint(number, 10, 16); err != nil || n == 0 || name == "" || strings.ContainsAny(name, "@ ") {
		return "", errors.New("an address cannot be read, expected HOST:PORT with a port up to 65535")
	}
	return net.JoinHostPort(name, number), nil
}

// query sets what is behind the question mark.
func (t *target) query(raw string) error {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return errors.New("what follows the question mark cannot be read, expected NAME=VALUE&NAME=VALUE")
	}
	for name, list := range values {
		if err := t.parameter(name, list[len(list)-1]); err != nil {
			return err
		}
	}
	if (t.cert == "") != (t.key == "") {
		return errors.New("only one of cert and key is given, expected both or none")
	}
	if !t.tls && (t.ca != "" || t.cert != "" || t.tlsName != "") {
		return errors.New("ca, cert, key and server_name need TLS, expected a scheme that begins with rediss")
	}
	return nil
}

func (t *target) parameter(name, value string) (err error) {
	switch name {
	case "prefix":
		if !prefixForm.MatchString(value) {
			return errors.New("prefix: expected 1 to 64 letters, digits, dots, colons, underscores and hyphens")
		}
		t.prefix = value
	case "password_file":
		t.password, err = passwordIn(name, value)
	case "sentinel_password_file":
		t.sentinelPassword, err = passwordIn(name, value)
	case "sentinel_user":
		t.sentinelUser = value
	case "ca":
		t.ca = value
	case "cert":
		t.cert = value
	case "key":
		t.key = value
	case "server_name":
		t.tlsName = value
	default: // not quoted: it may be the rest of a password
		return errors.New("one of its parameters is not known, expected " + parameters)
	}
	return err
}

func passwordIn(name, file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	password := strings.TrimRight(string(data), "\r\n")
	if password == "" {
		return "", fmt.Errorf("%s: the file is empty, expected the password", name)
	}
	return password, nil
}

// String names the servers, without anything that is secret.
func (t *target) String() string { return strings.Join(t.addresses, ",") }
