package workload_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/bench/workload"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// everything switches on all kinds of records.
func everything() workload.Options {
	return workload.Options{Seed: 7, Records: 20_000, Start: start, Bad: 1, Missing: 2, Late: 3, Personal: 20,
		Distinct: 700, PerRequest: 3}
}

func lines(g *workload.Generator, n int) []byte {
	var b []byte
	for range n {
		b = g.Append(b)
	}
	return b
}

// row is a Row that can be the key of a map: Times are compared by their text.
type row struct{ msg, service, level, env, day string }

// recount counts the lines with encoding/json and a regular expression, as slow and plain as can be.
func recount(t *testing.T, text []byte) (map[row]uint64, uint64) {
	t.Helper()
	validKey := regexp.MustCompile(`^[a-z0-9_]+(-[a-z0-9_]+)+$`)
	counts := make(map[row]uint64)
	var n uint64
	for line := range bytes.Lines(text) {
		n++
		var o struct {
			MesosTaskID, Env, Lvl, Msg string
			T                          time.Time
		}
		if json.Unmarshal(line, &o) != nil {
			counts[row{msg: "_unparsed", service: "_unknown", level: "unknown"}]++
			continue
		}
		service, _, _ := strings.Cut(o.MesosTaskID, "-")
		r := row{o.Msg, service, o.Lvl, o.Env, o.T.UTC().Format(time.DateOnly)}
		switch {
		case o.Msg == "":
			r.msg = "_missing"
		case !validKey.MatchString(o.Msg):
			r.msg = "_invalid"
		}
		counts[r]++
	}
	return counts, n
}

func TestTruthIsWhatTheLinesSay(t *testing.T) {
	text := everything()
	text.DistinctText = true
	for name, opt := range map[string]workload.Options{
		"plain":      {Seed: 1, Records: 10_000, Start: start},
		"everything": everything(),
		"text":       text,
		"all bad":    {Seed: 2, Start: start, Bad: 100},
		"days":       {Seed: 3, Records: 5000, Start: start, Span: 100 * time.Hour},
		"before 1970": {Seed: 3, Records: 5000, Start: time.Unix(-90_000, 5).UTC(),
			FreeText: -1, Services: 45, Keys: 450},
	} {
		t.Run(name, func(t *testing.T) {
			g := workload.New(opt)
			want, n := recount(t, lines(g, 20_000))
			truth := g.Truth()
			got := make(map[row]uint64)
			for _, r := range truth.Rows {
				day := ""
				if !r.Day.IsZero() {
					day = r.Day.Format(time.DateOnly)
				}
				got[row{r.Msg, r.Service, r.Level, r.Env, day}] += r.Count
			}
			if truth.Records != n || len(got) != len(truth.Rows) {
				t.Errorf("%d records and %d of %d rows distinct, want %d records", truth.Records, len(got), len(truth.Rows), n)
			}
			for r, n := range want {
				if got[r] != n {
					t.Errorf("%+v: truth says %d, the lines %d", r, got[r], n)
				}
				delete(got, r)
			}
			for r, n := range got {
				t.Errorf("%+v: truth says %d, the lines none", r, n)
			}
		})
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	a, b := lines(workload.New(everything()), 3000), lines(workload.New(everything()), 3000)
	if !bytes.Equal(a, b) {
		t.Error("two generators with the same options differ")
	}
	other := everything()
	other.Seed++
	if bytes.Equal(a, lines(workload.New(other), 3000)) {
		t.Error("another seed gives the same bytes")
	}
}

// The bytes are part of recorded benchmark results: a change of them must be seen in a diff.
func TestGolden(t *testing.T) {
	opt := everything()
	opt.Bad, opt.Missing, opt.Late = 10, 10, 10
	g := workload.New(opt)
	golden(t, "lines.jsonl", lines(g, 40))
	var truth bytes.Buffer
	if err := g.Truth().WriteTSV(&truth); err != nil {
		t.Fatal(err)
	}
	golden(t, "truth.tsv", truth.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (run with -update after a wanted change):\n%s", path, got)
	}
}

func TestShapeOfTheWorkload(t *testing.T) {
	g := workload.New(workload.Options{Seed: 1, Start: start})
	text := lines(g, 100_000)
	if mean := len(text) / 100_000; mean < 425 || mean > 445 {
		t.Errorf("mean line is %d bytes, want about 435", mean)
	}
	keys, services, levels := map[string]bool{}, map[string]bool{}, map[string]bool{}
	var invalid uint64
	for _, r := range g.Truth().Rows {
		services[r.Service], levels[r.Level] = true, true
		if r.Msg == "_invalid" {
			invalid += r.Count
			continue
		}
		keys[r.Msg] = true
	}
	if len(keys) != 200 || len(services) != 20 || len(levels) != 4 {
		t.Errorf("%d keys, %d services, %d levels; want 200, 20, 4", len(keys), len(services), len(levels))
	}
	if invalid < 4800 || invalid > 5200 {
		t.Errorf("%d of 100,000 are free text, want about 5,000", invalid)
	}
}

func TestDistinct(t *testing.T) {
	const n = 50_000
	g := workload.New(workload.Options{Seed: 1, Records: 2 * n, Start: start, Distinct: n})
	lines(g, 2*n)
	once := 0
	for _, r := range g.Truth().Rows {
		if strings.HasPrefix(r.Msg, "import-") && r.Count == 1 {
			once++
		}
	}
	if once != n {
		t.Errorf("%d distinct msgs seen exactly once, want %d", once, n)
	}
}

func TestDistinctKeysDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for i := range 1_000_000 {
		seen[workload.DistinctKey(i)] = true
	}
	if len(seen) != 1_000_000 {
		t.Errorf("%d of 1,000,000 keys are distinct", len(seen))
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	g := workload.New(workload.Options{Seed: 1, Start: start, Bad: 1, Missing: 1})
	b := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(10_000, func() { b = g.Append(b[:0]) }); n != 0 {
		t.Errorf("%v allocations per record", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	g := workload.New(workload.Options{Seed: 1, Start: start})
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		line = g.Append(line[:0])
	}
	b.SetBytes(int64(len(line)))
}
