package summary_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/sinks/summary"
)

var update = flag.Bool("update", false, "write the golden files anew")

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
		t.Errorf("%s differs:\n%s", path, got)
	}
}

func storeOf(t testing.TB, c rollup.Commit) rollup.Store {
	t.Helper()
	s := memstore.New(func() time.Time { return time.Unix(0, 0) })
	c.TopicPartition.Topic = "logs"
	claim, err := s.Claim(t.Context(), c.TopicPartition)
	if err != nil {
		t.Fatal(err)
	}
	c.Fence, c.Next = claim.Fence, 1000
	if _, err := s.Commit(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	return s
}

func summaries(t testing.TB, s rollup.Store, req rollup.Request) []rollup.Summary {
	t.Helper()
	list, err := rollup.Summaries(t.Context(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// ctrl has the counts of a real day of two services, 3,313 events.
func ctrl(t testing.TB) rollup.Store {
	t.Helper()
	levels := make(map[string]parse.Level)
	for l := range parse.Level(parse.LevelCount) {
		levels[l.String()] = l
	}
	text, err := os.ReadFile("testdata/ctrl.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var c rollup.Commit
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		bucket, err := strconv.Atoi(f[4])
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.ParseUint(f[5], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		k := rollup.Key{Service: redact.Stored(f[0]), Env: redact.Stored(f[1]), Level: levels[f[2]], Msg: redact.Stored(f[3])}
		c.Counts = append(c.Counts, rollup.Count{Key: k, Bucket: rollup.Bucket(bucket), N: n})
	}
	return storeOf(t, c)
}

var september24 = rollup.Date{Year: 2019, Month: time.September, Day: 24}

// awkward has every section, and names that try to break out of each form.
func awkward(t testing.TB) rollup.Store {
	t.Helper()
	const bucket = 1743650 // 2019-09-24 00:30 UTC
	add := func(list []rollup.Count, service, env string, l parse.Level, msg string, n uint64) []rollup.Count {
		return append(list, rollup.Count{Key: rollup.Key{Service: redact.Stored(service), Env: redact.Stored(env), Level: l, Msg: redact.Stored(msg)}, Bucket: bucket, N: n})
	}
	var c rollup.Commit
	for i, msg := range []string{
		"order-paid", "<script>alert(1)</script>", "line\r\nbreak", "tab\tkey", "back\\slash", "turn\u202earound",
		"zero\u200bwidth", "next\u2028line", "bad\xffutf8", "nul\x00", "esc\x1b[31m", "party-🎉", "größe", `"quoted'&amp;`,
		"replacement\ufffdsign", "",
	} {
		c.Counts = add(c.Counts, "shop", "", parse.LevelError, msg, uint64(i+1))
	}
	c.Counts = add(c.Counts, "shop", "", parse.LevelWarning, "order-paid", 1_234_567)
	c.Counts = add(c.Counts, "shop", "", parse.LevelDebug, "order-seen", 9)
	c.Counts = add(c.Counts, "shop", "", parse.LevelWarning, rollup.MsgInvalid, 40)
	c.Counts = add(c.Counts, "shop", "", parse.LevelDebug, rollup.MsgInvalid, 2)
	c.Counts = add(c.Counts, "shop", "", parse.LevelUnknown, rollup.MsgUnparsed, 12)
	c.Counts = add(c.Counts, "shop", "", parse.LevelUnknown, rollup.MsgMissing, 1)
	c.Counts = add(c.Counts, "shop", "", parse.LevelError, rollup.MsgMissing, 2)
	c.Counts = add(c.Counts, "shop", "", parse.LevelError, rollup.Overflow, 3)
	c.Counts = add(c.Counts, "evil\n<b>", "a\u202eb", parse.LevelError, "order-paid", 1)
	c.Counts = add(c.Counts, "quiet", "prod", parse.LevelInfo, "started", 7)
	c.Counts = add(c.Counts, rollup.ServiceUnknown, "", parse.LevelUnknown, rollup.MsgUnparsed, 1)
	for i := range 12 {
		form := rollup.Form{Service: redact.Const("shop"), Text: redact.Stored("Failed <n> times\n#" + string(rune('a'+i))), Bucket: bucket, N: uint64(13 - i)}
		c.Forms = append(c.Forms, form)
	}
	c.Lost = []rollup.Lost{{First: 5, Last: 5, Reason: rollup.LostCorrupt}, {First: 100, Last: 199, Reason: rollup.LostRetention}}
	return storeOf(t, c)
}

func TestTextIsTheReference(t *testing.T) {
	list := summaries(t, ctrl(t), rollup.Request{Day: september24, Service: new("ctrl"), Env: new("anna")})
	var out bytes.Buffer
	if err := summary.Text(&out, list, summary.Options{}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/ctrl.txt") // never rewritten
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("got:\n%s\nwant:\n%s", &out, want)
	}
}

type writer func(w io.Writer, summaries []rollup.Summary, opts summary.Options) error

func TestGolden(t *testing.T) {
	all := rollup.Request{Day: september24}
	levels := rollup.Request{Day: september24, AllLevels: true}
	none := rollup.Request{Day: september24, Service: new("no such")}
	for _, test := range []struct {
		file  string
		write writer
		open  func(testing.TB) rollup.Store
		req   rollup.Request
	}{
		{"ctrl_all.txt", summary.Text, ctrl, levels},
		{"ctrl.json", summary.JSON, ctrl, all},
		{"ctrl.html", summary.HTML, ctrl, all},
		{"awkward.txt", summary.Text, awkward, all},
		{"awkward_all.txt", summary.Text, awkward, levels},
		{"awkward.json", summary.JSON, awkward, levels},
		{"awkward.html", summary.HTML, awkward, levels},
		{"none.txt", summary.Text, awkward, none},
		{"none.json", summary.JSON, ctrl, none},
		{"none.html", summary.HTML, ctrl, none},
	} {
		t.Run(test.file, func(t *testing.T) {
			s := test.open(t)
			ledgers, err := s.Ledgers(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			opts := summary.Options{Ledgers: ledgers}
			if strings.HasSuffix(test.file, "json") || strings.HasSuffix(test.file, "html") {
				opts.Generated = time.Date(2019, 9, 25, 7, 30, 0, 0, time.UTC)
			}
			var out bytes.Buffer
			if err := test.write(&out, summaries(t, s, test.req), opts); err != nil {
				t.Fatal(err)
			}
			golden(t, test.file, out.Bytes())
		})
	}
}

// TestTextKeepsItsLines reads the text form back as a script would.
func TestTextKeepsItsLines(t *testing.T) {
	list := summaries(t, awkward(t), rollup.Request{Day: september24, Service: new("shop")})
	var out bytes.Buffer
	if err := summary.Text(&out, list, summary.Options{}); err != nil {
		t.Fatal(err)
	}
	paragraphs := strings.Split(out.String(), "\n\n")
	total, keys := uint64(0), strings.Split(paragraphs[1], "\n")
	for _, line := range keys {
		_, n, found := strings.Cut(line, "\t")
		count, err := strconv.ParseUint(n, 10, 64)
		if !found || err != nil {
			t.Errorf("no key and count: %q", line)
		}
		total += count
	}
	if len(keys) != len(list[0].Lines) || total != list[0].Total {
		t.Errorf("%d keys with %d events, want %d with %d", len(keys), total, len(list[0].Lines), list[0].Total)
	}
	if strings.ContainsAny(out.String(), "\r\x00\x1b\u202e\u2028\u200b") {
		t.Errorf("control characters in %q", out.String())
	}
}

// TestHTMLIsSelfContained guards what the page must never hold, whatever the keys are.
func TestHTMLIsSelfContained(t *testing.T) {
	var out bytes.Buffer
	list := summaries(t, awkward(t), rollup.Request{Day: september24, AllLevels: true})
	if err := summary.HTML(&out, list, summary.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<b>", "http:", "https:", "src=\"", "@import", "url(", "\u202e", "ZgotmplZ"} {
		if strings.Contains(out.String(), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, good := range []string{"&lt;script&gt;", "prefers-color-scheme: dark", "tabular-nums", "width=device-width", "1\u2009234\u2009568"} {
		if !strings.Contains(out.String(), good) {
			t.Errorf("the page has no %q", good)
		}
	}
}

func TestJSONHoldsTheKeysAsLogged(t *testing.T) {
	var out bytes.Buffer
	list := summaries(t, awkward(t), rollup.Request{Day: september24, Service: new("shop")})
	if err := summary.JSON(&out, list, summary.Options{}); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Summaries []struct {
			Total uint64
			Keys  []struct {
				Key   string
				Count uint64
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]uint64)
	for _, k := range doc.Summaries[0].Keys {
		got[k.Key] = k.Count
	}
	if got["line\r\nbreak"] != 3 || got["turn\u202earound"] != 6 || got["order-paid"] != 1_234_568 {
		t.Errorf("keys: %v", got)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteErrors(t *testing.T) {
	list := summaries(t, ctrl(t), rollup.Request{Day: september24})
	for name, write := range map[string]writer{"text": summary.Text, "html": summary.HTML, "json": summary.JSON} {
		if err := write(fullDisk{}, list, summary.Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
