package redisstore

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestURL(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) string {
		if name == PasswordVariable {
			return "from env"
		}
		return ""
	}
	tcp := func(addresses ...string) target {
		return target{network: "tcp", addresses: addresses, prefix: "logproc"}
	}
	with := func(t target, change func(*target)) target { change(&t); return t }
	for _, test := range []struct {
		url  string
		env  func(string) string
		want target
	}{
		{"redis://localhost", nil, tcp("localhost:6379")},
		{"redis://localhost:7000/3", nil, with(tcp("localhost:7000"), func(t *target) { t.db = 3 })},
		{"redis://[::1]:7000/", nil, tcp("[::1]:7000")},
		{"redis://[::1]", nil, tcp("[::1]:6379")},
		{"redis://:p%2Fw%40x@h/0", env, with(tcp("h:6379"), func(t *target) { t.password = "p/w@x" })},
		{"redis://u:p@h?prefix=team-a", nil, with(tcp("h:6379"), func(t *target) { t.user, t.password, t.prefix = "u", "p", "team-a" })},
		{"redis://u@h", env, with(tcp("h:6379"), func(t *target) { t.user, t.password = "u", "from env" })},
		{"redis://u:p@h?password_file=" + file, env, with(tcp("h:6379"), func(t *target) { t.user, t.password = "u", "from file" })},
		{"rediss://h?server_name=redis.example.org&ca=a.pem&cert=c.pem&key=k.pem", nil, with(tcp("h:6379"), func(t *target) {
			t.tls, t.tlsName, t.ca, t.cert, t.key = true, "redis.example.org", "a.pem", "c.pem", "k.pem"
		})},
		{"redis+unix:///run/redis/redis.sock", nil, target{network: "unix", addresses: []string{"/run/redis/redis.sock"}, prefix: "logproc"}},
		{"redis+sentinel://a,b:1/main/2?sentinel_user=s&sentinel_password_file=" + file, nil, with(tcp("a:26379", "b:1"), func(t *target) {
			t.topology, t.master, t.db, t.sentinelUser, t.sentinelPassword = sentinel, "main", 2, "s", "from file"
		})},
		{"rediss+cluster://u:p@a:1,b:2", nil, with(tcp("a:1", "b:2"), func(t *target) {
			t.topology, t.tls, t.user, t.password = cluster, true, "u", "p"
		})},
	} {
		got, err := parseURL(test.url, test.env)
		if err != nil {
			t.Errorf("%s: %v", test.url, err)
			continue
		}
		if !reflect.DeepEqual(*got, test.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", test.url, *got, test.want)
		}
	}
}

func TestURLRefuses(t *testing.T) {
	for _, test := range []struct{ url, says string }{
		{"http://h", "expected redis://HOST:PORT/DB"},
		{"redis:h", "expected redis://HOST:PORT/DB"},
		{"redis+tcp://h", "expected redis://HOST:PORT/DB"},
		{"redis://", "HOST:PORT"},
		{"redis://h:0", "port up to 65535"},
		{"redis://h:99999", "port up to 65535"},
		{"redis://a,b", "several hosts need"},
		{"redis://h/x", "the database is a number"},
		{"redis://u@h", "a user without a password"},
		{"redis://u:secret%zz@h", "%2F"},
		{"redis://:se#cret@h", ""},
		{"redis://h#secret", "cannot be read"},
		{"redis://:sec/ret@h/0", ""},
		{"redis://h?secret=1", "expected prefix, password_file"},
		{"redis://h?prefix={x}", "prefix: expected"},
		{"redis://h?prefix=", "prefix: expected"},
		{"redis://h?password_file=/nowhere", "password_file: open /nowhere"},
		{"redis://h?ca=x", "need TLS"},
		{"rediss://h?cert=x", "only one of cert and key"},
		{"rediss://h?ca=/nowhere", "ca: open /nowhere"},
		{"redis+unix://host/x", "PATH/TO/SOCKET"},
		{"redis+unix://", "PATH/TO/SOCKET"},
		{"redis+sentinel://h", "name of the master is missing"},
		{"redis+sentinel://h/m/x", "the database is a number"},
		{"redis+cluster://h/1", "only database 0"},
	} {
		err := CheckURL(test.url, nil)
		if err == nil {
			t.Errorf("%s is taken", test.url)
			continue
		}
		if text := err.Error(); !strings.Contains(text, test.says) || strings.Contains(text, "secret") || strings.Contains(text, "cret") || strings.Contains(text, "\n") {
			t.Errorf("%s: %v, want %q and no secret", test.url, err, test.says)
		}
	}
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{"redis://u:p@h:1/0?prefix=a", "redis+sentinel://a,b/m/1", "rediss+cluster://[::1]:1", "redis+unix:///x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		got, err := parseURL(url, nil)
		if err == nil && (len(got.addresses) == 0 || !prefixForm.MatchString(got.prefix)) {
			t.Errorf("%q: %+v", url, got)
		}
	})
}
