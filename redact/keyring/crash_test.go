package keyring_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact/keyring"
)

// TestKilledProcess kills processes in the middle of changing a file: it can be loaded and changed
// afterwards, and no key that is told to be destroyed has its secret in the folder.
func TestKilledProcess(t *testing.T) {
	if path := os.Getenv("KEYRING_TEST_CHURN"); path != "" {
		churn(path)
		return
	}
	f := newFile(t)
	f.Random = nil
	create(t, f)
	secrets := map[string]string{} // by the line of their key
	for round := range 12 {
		c := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
		c.Env = append(os.Environ(), "KEYRING_TEST_CHURN="+f.Path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range round%4 + 1 { // killed somewhere in the change after this one
			lines.Scan()
		}
		_ = c.Process.Kill()
		_ = c.Wait()
		load(t, f.Path)
		remember(secrets, read(t, f.Path))
		if _, _, err := f.Rotate(); err != nil {
			t.Fatal(err)
		}
		for _, info := range load(t, f.Path).List() {
			secret, ok := secrets[fmt.Sprint(info.ID)]
			if info.State != keyring.Destroyed || !ok {
				continue
			}
			for _, content := range filesIn(t, f.Path[:strings.LastIndex(f.Path, "/")]) {
				if strings.Contains(content, secret) {
					t.Fatalf("round %d: the secret of the destroyed key %d is still there", round, info.ID)
				}
			}
		}
		remember(secrets, read(t, f.Path))
	}
	if len(secrets) < 12 {
		t.Errorf("only %d keys were seen", len(secrets))
	}
}

// churn rotates and destroys until it is killed, a line for each change.
func churn(path string) {
	f := keyring.File{Path: path}
	for {
		active, _, err := f.Rotate()
		fmt.Println("rotated", err)
		if err != nil {
			return
		}
		_, _ = f.Destroy(active.ID - 1)
		fmt.Println("destroyed")
	}
}

// remember collects the secrets of a key file by id.
func remember(secrets map[string]string, text string) {
	id := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if n, ok := strings.CutPrefix(line, "- id: "); ok {
			id = n
		}
		if s, ok := strings.CutPrefix(line, "secret: "); ok && !strings.HasPrefix(s, "AAAAAAAA") {
			secrets[id] = s
		}
	}
}
