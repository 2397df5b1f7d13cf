package keyring_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/logproc/logproc/redact/keyring"
)

func TestRotation(t *testing.T) {
	f := newFile(t)
	if _, err := f.Create(90*24*time.Hour, 0); err != nil {
		t.Fatal(err)
	}
	before := load(t, f.Path)
	old := string(before.NewHasher().Pseudonym(nil, "acc", "account", []byte("1234567")))
	f.Now = func() time.Time { return epoch.AddDate(0, 3, 1) }
	active, gone, err := f.Rotate()
	if err != nil || active.ID != 2 || len(gone) != 0 {
		t.Fatalf("%+v, %v, %v", active, gone, err)
	}
	after := load(t, f.Path)
	tokens := after.Tokens("acc", "account", []byte("1234567"))
	if len(tokens) != 2 || tokens[1].Text != old || tokens[0].Text == old {
		t.Errorf("tokens %+v, want the second to be %s", tokens, old)
	}
	if list := after.List(); list[0].State != keyring.Retired || list[0].Retired != f.Now() || list[1] != active {
		t.Errorf("%+v", list)
	}
	if !before.Due(f.Now()) || after.Due(f.Now()) || after.Period() != 90*24*time.Hour {
		t.Error("due")
	}
	golden(t, "rotated.yaml", read(t, f.Path))
}

// TestDestroy: the secret is nowhere in the folder afterwards, nor in the blocks of the old file, and no
// look-up gives a token of it.
func TestDestroy(t *testing.T) {
	f := newFile(t)
	var log bytes.Buffer
	f.Log = slog.New(slog.NewTextHandler(&log, nil))
	create(t, f)
	token := load(t, f.Path).Tokens("acc", "account", []byte("1"))[0].Text
	if _, err := f.Destroy(1); err == nil || !strings.Contains(err.Error(), "rotate") {
		t.Errorf("the active key: %v", err)
	}
	if _, _, err := f.Rotate(); err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimSpace(strings.SplitN(strings.SplitN(read(t, f.Path), "secret: ", 2)[1], "\n", 2)[0])
	raw, _ := base64.StdEncoding.DecodeString(secret)
	old, err := os.Open(f.Path) // as somebody who would read the old version's blocks
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = old.Close() }()
	info, err := f.Destroy(1)
	if err != nil || info.State != keyring.Destroyed || info.Destroyed != epoch {
		t.Fatalf("%+v, %v", info, err)
	}
	for _, data := range append(filesIn(t, filepath.Dir(f.Path)), readAll(t, old), log.String()) {
		if strings.Contains(data, secret) || strings.Contains(data, string(raw)) {
			t.Errorf("the secret is still there:\n%s", data)
		}
	}
	k := load(t, f.Path)
	for _, found := range k.Tokens("acc", "account", []byte("1")) {
		if found.Text == token || found.Key.ID == 1 {
			t.Error("the token can still be looked up")
		}
	}
	if list := k.List(); len(list) != 2 || list[0].State != keyring.Destroyed {
		t.Errorf("%+v", list)
	}
	for id, want := range map[int]string{1: "was destroyed at 2026-01-31T09:00:00Z", 9: "no such key"} {
		if _, err := f.Destroy(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("key %d: %v", id, err)
		}
	}
	golden(t, "audit.log", read(t, f.Path+".log"))
	if !strings.Contains(log.String(), "action=destroy key=1") {
		t.Errorf("log: %s", log.String())
	}
}

// TestRetention: a rotation destroys retired keys whose retention has ended.
func TestRetention(t *testing.T) {
	f := newFile(t)
	if _, err := f.Create(0, 30*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, gone, err := f.Rotate(); err != nil || len(gone) != 0 {
		t.Fatalf("day 0: %v, %v", gone, err)
	}
	f.Now = func() time.Time { return epoch.AddDate(0, 0, 29) }
	if _, gone, err := f.Rotate(); err != nil || len(gone) != 0 {
		t.Fatalf("day 29: %v, %v", gone, err)
	}
	f.Now = func() time.Time { return epoch.AddDate(0, 0, 31) }
	_, gone, err := f.Rotate()
	if err != nil || len(gone) != 1 || gone[0].ID != 1 || gone[0].State != keyring.Destroyed {
		t.Fatalf("day 31: %v, %v", gone, err)
	}
	if n := len(load(t, f.Path).Tokens("acc", "acc", nil)); n != 3 {
		t.Errorf("%d live keys", n)
	}
}

// TestDestructionCutShort: after a crash between the overwriting and the new file, the file still loads
// and the destruction can be ended.
func TestDestructionCutShort(t *testing.T) {
	f := newFile(t)
	create(t, f)
	if _, _, err := f.Rotate(); err != nil {
		t.Fatal(err)
	}
	text := read(t, f.Path)
	at := strings.Index(text, "secret: ") + len("secret: ")
	cut := text[:at] + strings.Repeat("A", 43) + "=" + text[at+44:]
	if err := os.WriteFile(f.Path, []byte(cut), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := len(load(t, f.Path).Tokens("acc", "acc", nil)); n != 1 {
		t.Errorf("%d live keys", n)
	}
	if info, err := f.Destroy(1); err != nil || info.State != keyring.Destroyed {
		t.Errorf("%+v, %v", info, err)
	}
}

// TestLeftovers: what a crash has left of a next version is overwritten by the next change.
func TestLeftovers(t *testing.T) {
	f := newFile(t)
	create(t, f)
	left := f.Path + ".new"
	if err := os.WriteFile(left, []byte(read(t, f.Path)), 0o600); err != nil {
		t.Fatal(err)
	}
	old, err := os.Open(left)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = old.Close() }()
	if _, _, err := f.Rotate(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(left); err == nil || strings.Contains(readAll(t, old), "secret") {
		t.Errorf("%s is still there: %v", left, err)
	}
}

func TestCreateKeepsWhatIsThere(t *testing.T) {
	f := newFile(t)
	create(t, f)
	before := read(t, f.Path)
	if _, err := f.Create(0, 0); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("error %v", err)
	}
	if read(t, f.Path) != before {
		t.Error("the file has changed")
	}
	f.Path = filepath.Join(t.TempDir(), "none.yaml")
	if _, _, err := f.Rotate(); err == nil || len(filesIn(t, filepath.Dir(f.Path))) != 0 {
		t.Errorf("a rotation of nothing: %v", err)
	}
}

// TestChangesThroughALink keep the link and change what it names.
func TestChangesThroughALink(t *testing.T) {
	f := newFile(t)
	create(t, f)
	link := f
	link.Path = filepath.Join(t.TempDir(), "link.yaml")
	if err := os.Symlink(f.Path, link.Path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := link.Rotate(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link.Path); err != nil || info.Mode()&os.ModeSymlink == 0 || load(t, f.Path).Active().ID != 2 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestTwoProcesses rotate one file at the same time: every key that was made is there.
func TestTwoProcesses(t *testing.T) {
	if path := os.Getenv("KEYRING_TEST_ROTATE"); path != "" {
		for range 10 {
			if _, _, err := (keyring.File{Path: path}).Rotate(); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	f := newFile(t)
	create(t, f)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			c := exec.Command(os.Args[0], "-test.run=^TestTwoProcesses$")
			c.Env = append(os.Environ(), "KEYRING_TEST_ROTATE="+f.Path)
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	for range 20 { // readers meet whole files only
		if _, err := keyring.Load(f.Path); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	k := load(t, f.Path)
	if k.Active().ID != 31 || len(k.List()) != 31 {
		t.Errorf("active %d of %d", k.Active().ID, len(k.List()))
	}
	lines := strings.Split(strings.TrimSpace(read(t, f.Path+".log")), "\n")
	if len(lines) != 31 {
		t.Errorf("%d entries in the audit log", len(lines))
	}
	for _, line := range lines {
		var e struct {
			Time        time.Time
			Action, Who string
			Key         int
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Time.IsZero() || e.Action == "" || e.Who == "" || e.Key == 0 {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func create(t *testing.T, f keyring.File) {
	t.Helper()
	if _, err := f.Create(0, 0); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, path string) *keyring.Keyring {
	t.Helper()
	k, err := keyring.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func readAll(t *testing.T, f *os.File) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func filesIn(t *testing.T, dir string) (contents []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		contents = append(contents, read(t, filepath.Join(dir, e.Name())))
	}
	return contents
}
