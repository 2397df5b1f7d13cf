package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeys goes through the life of a key: made, replaced, asked and destroyed.
func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.yaml")
	type step struct {
		args      []string
		in        string
		code      int
		out, errs string // what has to be in them
	}
	keys := func(args ...string) []string { return append(append([]string{"keys"}, args...), "-k", path) }
	for _, s := range []step{
		{keys("list"), "", exitError, "", "logproc keys new -k " + path},
		{keys("new", "--period", "soon"), "", exitError, "", "90d"},
		{keys("new"), "", exitOK, "key 1 is active", "action=new key=1"},
		{keys("new"), "", exitError, "", "is there already"},
		{keys("token", "1234567"), "", exitOK, "acc_k1_", ""},
		{keys("rotate"), "", exitOK, "key 2 is active", "action=rotate key=2"},
		{keys("list"), "", exitOK, "1   retired", ""},
		{keys("destroy", "--id", "1"), "", exitError, "", "say it with --yes"},
		{keys("destroy", "--id", "2", "--yes"), "", exitError, "", "rotate"},
		{keys("destroy", "--id", "1", "--yes"), "", exitOK, "key 1 is destroyed", "action=destroy key=1"},
		{keys("list"), "", exitOK, "1   destroyed", ""},
		{keys("token", "--kind", "emial", "x"), "", exitError, "", `--kind is "emial"`},
		{keys("token", "--kind", "email", "-"), "", exitError, "", "no value"},
	} {
		out, errs, code := runCommandLine(t, s.in, s.args...)
		if code != s.code || !strings.Contains(out, s.out) || !strings.Contains(errs, s.errs) {
			t.Errorf("%v: exit code %d, want %d\n%s\n%s", s.args, code, s.code, out, errs)
		}
	}
}

// TestKeysTokenIsCanonical: one value has one pseudonym however it is written, and equal strings of
// different kinds have different ones.
func TestKeysTokenIsCanonical(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.yaml")
	runCommandLine(t, "", "keys", "new", "-k", path)
	runCommandLine(t, "", "keys", "rotate", "-k", path)
	token := func(in string, args ...string) string {
		out, errs, code := runCommandLine(t, in, append([]string{"keys", "token", "-k", path}, args...)...)
		if code != exitOK || strings.Count(out, "\n") != 2 {
			t.Fatalf("%v: %d, %s%s", args, code, out, errs)
		}
		return out
	}
	if a, b := token("", "--kind", "email", "kim@EXAMPLE.com"), token("kim@example.com\n", "--kind", "email", "-"); a != b || !strings.HasPrefix(a, "email_k2_") {
		t.Errorf("%s and %s", a, b)
	}
	if a, b := token("", "--kind", "phone", "+46 70-000 00 01"), token("", "--kind", "phone", "+46700000001"); a != b {
		t.Errorf("%s and %s", a, b)
	}
	if token("", "1") == token("", "--domain", "other", "1") {
		t.Error("domains do not separate")
	}
}

func TestKeysTokenReadsTheEnvironment(t *testing.T) {
	if _, errs, code := runCommandLine(t, "", "keys", "token", "1"); code != exitError || !strings.Contains(errs, "name a key file with -k") {
		t.Errorf("%d: %s", code, errs)
	}
	path := filepath.Join(t.TempDir(), "keys.yaml")
	runCommandLine(t, "", "keys", "new", "-k", path)
	t.Setenv("LOGPROC_KEYS_FILE", path)
	if out, errs, code := runCommandLine(t, "", "keys", "token", "1"); code != exitOK || !strings.HasPrefix(out, "acc_k1_") {
		t.Errorf("%d: %s%s", code, out, errs)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := runCommandLine(t, "", "keys", "list", "-k", path); code != exitError || !strings.Contains(errs, "chmod 600") {
		t.Errorf("%d: %s", code, errs)
	}
}

func runCommandLine(t *testing.T, in string, args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, streams{strings.NewReader(in), &o, &e})
	return o.String(), e.String(), code
}
