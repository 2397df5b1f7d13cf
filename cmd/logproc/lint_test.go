package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runLint runs the command as the shell would.
func runLint(t *testing.T, stdin string, args ...string) (code int, out, messages string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"lint"}, args...), streams{strings.NewReader(stdin), &stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

const (
	goodLine = `{"service":"ctrl","msg":"api-sync-ok","lvl":"info","t":"2019-09-24T09:29:07Z"}` + "\n"
	badLine  = `{"service":"ctrl","msg":"Api-Snyc-Ok","lvl":"info","t":"2019-09-24T09:29:07Z"}` + "\n"
)

func TestLint(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(badLine + badLine))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	naming := write("naming.yaml", "keys: [{key: api-sync-ok, service: ctrl}]")
	wrong := write("wrong.yaml", "grammer: {}\nfields: 7\n")
	gz := write("app.log.gz", zipped.String())
	good := write("good.log", goodLine)
	none := filepath.Join(dir, "none.log")

	for _, test := range []struct {
		name, stdin   string
		args          []string
		code          int
		out, messages string
	}{
		{"in order", goodLine, nil, 0, "", "0 findings in 1 line of 1 file\n"},
		{"stdin", badLine, []string{"-"}, 1, "stdin:1: characters: Api-Snyc-Ok: it has upper-case letters, did you mean api-snyc-ok?\n", "1 finding in 1 line of 1 file\n"},
		{"gzip with a registry", "", []string{"-r", naming, gz, good}, 1,
			gz + ":1: characters: Api-Snyc-Ok: it has upper-case letters, did you mean api-sync-ok? (2 times)\n", "1 finding (2 occurrences) in 3 lines of 2 files\n"},
		{"a rule file with errors", "", []string{"-r", wrong, good}, 2, "",
			wrong + ":1:1: unknown key \"grammer\", did you mean \"grammar\"?\n" + wrong + ":2:9: fields is \"7\", expected a list of mappings (key: value)\n"},
		{"no rule file", "", []string{"-r", none, good}, 2, "", "logproc: read the naming rules: open " + none + ": no such file or directory\n"},
		{"a file is missing", "", []string{"--format", "json", none, good}, 2, "[]\n", "0 findings in 1 line of 1 file\nlogproc: " + none + ": no such file or directory\n"},
		{"no such format", "", []string{"--format", "xml", good}, 2, "", "logproc: --format must be one of \"text\",\"json\",\"sarif\",\"github\" but got \"xml\"\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out, messages := runLint(t, test.stdin, test.args...)
			if code != test.code || out != test.out || messages != test.messages {
				t.Errorf("code %d, want %d\nout\n%swant\n%smessages\n%swant\n%s", code, test.code, out, test.out, messages, test.messages)
			}
		})
	}
}

// TestLintDefaults: the rule file that is printed can be given back.
func TestLintDefaults(t *testing.T) {
	code, out, _ := runLint(t, "", "--defaults")
	path := filepath.Join(t.TempDir(), "naming.yaml")
	if err := os.WriteFile(path, []byte(out), 0o600); err != nil || code != 0 {
		t.Fatal(code, err)
	}
	if code, out, messages := runLint(t, goodLine, "-r", path); code != 0 {
		t.Errorf("code %d\n%s%s", code, out, messages)
	}
}
