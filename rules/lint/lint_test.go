package lint_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/pipeline/files"
	"github.com/logproc/logproc/rules"
	"github.com/logproc/logproc/rules/lint"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const naming = `
keys:
  - {key: api-sync-ok, service: ctrl}
  - {key: api-sync-fail, service: ctrl}
`

// run lints lines in a format and gives what was written.
func run(t testing.TB, format, file string, input []byte, opt lint.Options) (string, lint.Totals) {
	t.Helper()
	n, err := rules.LoadNaming("naming.yaml", []byte(naming))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r, err := lint.NewRenderer(format, &out, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	l, err := lint.New(n, r, opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.File(t.Context(), file, files.NewLines(bytes.NewReader(input), 1000)); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String(), l.Totals()
}

func testInput(t testing.TB) []byte {
	t.Helper()
	input, err := os.ReadFile("testdata/app.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return append(input, strings.Repeat("x", 2000)...)
}

func TestGolden(t *testing.T) {
	for _, format := range lint.Formats() {
		for _, all := range []bool{false, true} {
			name := format
			if all {
				name += "-all"
			}
			t.Run(name, func(t *testing.T) {
				got, totals := run(t, format, "logs/app 1,2.jsonl", testInput(t), lint.Options{All: all})
				got += fmt.Sprintln(totals)
				if strings.Contains(got, "larsson") || strings.Contains(got, "anna") || strings.Contains(got, "4711") {
					t.Error("the output holds what identifies somebody")
				}
				golden := filepath.Join("testdata", name+".golden")
				if *update {
					if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

func TestNoFindings(t *testing.T) {
	input := []byte(`{"service":"ctrl","msg":"api-sync-ok","lvl":"info","t":"2019-09-24T09:29:07Z"}` + "\n")
	for format, want := range map[string]string{"text": "", "github": "", "json": "[]\n"} {
		got, totals := run(t, format, "x", input, lint.Options{})
		if got != want || totals.String() != "0 findings in 1 line of 1 file" {
			t.Errorf("%s: %q, %v", format, got, totals)
		}
	}
}

// TestBounded: a file full of different findings is not kept in memory, and nothing goes uncounted.
func TestBounded(t *testing.T) {
	var input bytes.Buffer
	for i := range 12_000 {
		fmt.Fprintf(&input, `{"msg":"Key-%c%c%c%c","lvl":"info","t":"2019-09-24T09:29:07Z"}`+"\n", 'a'+i%26, 'a'+i/26%26, 'a'+i/26/26%26, 'a'+i/26/26/26)
	}
	out, totals := run(t, "text", "x", input.Bytes(), lint.Options{})
	want := "10000 findings (12000 occurrences) in 12000 lines of 1 file; 2000 occurrences are not listed, because a file has more than 10000 different findings"
	if strings.Count(out, "\n") != 10_000 || totals.String() != want {
		t.Errorf("%d lines, %v", strings.Count(out, "\n"), totals)
	}
}

// brokenReader fails after its text.
type brokenReader struct{ text io.Reader }

var errBroken = errors.New("broken")

func (b brokenReader) Read(p []byte) (int, error) {
	n, err := b.text.Read(p)
	if err == io.EOF {
		err = errBroken
	}
	return n, err
}

type failingSink struct{}

func (failingSink) Finding(*lint.Finding) error { return errBroken }

func TestErrors(t *testing.T) {
	if _, err := lint.NewRenderer("xml", io.Discard, ""); err == nil || !strings.Contains(err.Error(), "text, json, sarif, github") {
		t.Error(err)
	}
	if _, err := lint.New(rules.DefaultNaming(), failingSink{}, lint.Options{Parse: parse.Options{MaxLine: -1}}); err == nil {
		t.Error("options that cannot be used are accepted")
	}
	lines := func() *files.Lines {
		return files.NewLines(brokenReader{strings.NewReader("no json\nno json\n")}, 100)
	}
	var out bytes.Buffer
	r, err := lint.NewRenderer("text", &out, "")
	if err != nil {
		t.Fatal(err)
	}
	l, err := lint.New(rules.DefaultNaming(), r, lint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.File(t.Context(), "x", lines()); !errors.Is(err, errBroken) || out.String() != "x:1: not_json: _unparsed: the line is not JSON (2 times)\n" {
		t.Errorf("a file that breaks off: %v, %q", err, out.String())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.File(ctx, "x", lines()); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context: %v", err)
	}
	for _, all := range []bool{false, true} {
		l, err = lint.New(rules.DefaultNaming(), failingSink{}, lint.Options{All: all})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.File(t.Context(), "x", files.NewLines(strings.NewReader("no json\nno json\n"), 100)); !errors.Is(err, errBroken) {
			t.Errorf("a sink that fails: %v", err)
		}
	}
}

func BenchmarkLint(b *testing.B) {
	input := bytes.Repeat(testInput(b), 100)
	b.SetBytes(int64(len(input)))
	for b.Loop() {
		run(b, "text", "x", input, lint.Options{})
	}
}
