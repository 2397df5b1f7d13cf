package parse_test

import (
	"strings"
	"testing"

	"github.com/logproc/logproc/parse"
)

func TestBadInput(t *testing.T) {
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}` }
	cases := map[string]struct {
		line string
		want parse.Reason
	}{
		"empty":                 {"", parse.Empty},
		"white space":           {" \t\r\n", parse.Empty},
		"byte order mark":       {"\xef\xbb\xbf{\"msg\":\"x\"}", parse.OK},
		"text":                  {"hello world", parse.NotJSON},
		"text from t":           {"the end", parse.NotJSON},
		"text from n":           {"nothing", parse.NotJSON},
		"brace":                 {"{", parse.Truncated},
		"curly text":            {"{main} started", parse.NotJSON},
		"array":                 {`[{"msg":"x"}]`, parse.NotObject},
		"open array":            {`[1,2`, parse.Truncated},
		"number":                {"42", parse.NotObject},
		"string":                {`"text"`, parse.NotObject},
		"null":                  {"null", parse.NotObject},
		"true":                  {"true", parse.NotObject},
		"NUL bytes":             {"\x00\x00\x00", parse.NotJSON},
		"NUL in a key":          {"{\"m\x00g\":\"x\",\"msg\":\"a\x00b\"}", parse.OK},
		"invalid UTF-8":         {"{\"msg\":\"a\xff\xfeb\",\"\xc3\":1}", parse.OK},
		"bad escapes":           {`{"msg":"\q\u12\ud800\udfff\ud800x","\u":1}`, parse.OK},
		"trailing backslash":    {`{"msg":"x\"}`, parse.Truncated},
		"control characters":    {"{\"msg\":\"a\x01\tb\"}", parse.OK},
		"odd numbers":           {`{"msg":"x","status":1-2,"duration":+-.e,"t":--}`, parse.OK},
		"two objects":           {`{"msg":"x"}{"msg":"y"}`, parse.NotJSON},
		"trailing text":         {`{"msg":"x"} x`, parse.NotJSON},
		"trailing comma":        {`{"msg":"x",}`, parse.NotJSON},
		"duplicate keys":        {`{"msg":"x","msg":"y"}`, parse.OK},
		"depth 300":             {deep(300), parse.OK},
		"depth 301":             {deep(301), parse.TooDeep},
		"depth 1,000":           {deep(1000), parse.TooDeep},
		"depth 1,000, unclosed": {strings.Repeat(`{"a":`, 1000), parse.TooDeep},
		"depth 1,000, array":    {strings.Repeat("[", 1000), parse.TooDeep},
		"longest":               {`{"msg":"` + strings.Repeat("x", 1<<20-10) + `"}`, parse.OK},
		"too long":              {`{"msg":"` + strings.Repeat("x", 1<<20-9) + `"}`, parse.TooLong},
		"10 MiB":                {strings.Repeat("x", 10<<20), parse.TooLong},
		"empty payload":         {`{"topic":"a","partition":0,"offset":1,"payload":null}`, parse.Tombstone},
		"bad literal":           {`{"a":` + strings.Repeat(`{"a":`, 200) + "tru" + strings.Repeat("e", 900_000), parse.NotJSON},
	}
	p := newParser(t, parse.Options{})
	for name, c := range cases {
		if got := p.Parse(parse.Input{Line: []byte(c.line), Time: carrier}); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if _, ok := p.Next(); ok != (c.want == parse.OK) {
			t.Errorf("%s: a record: %t", name, ok)
		}
		if p.Failed().Time != carrier && c.want != parse.OK {
			t.Errorf("%s: the failure has no time", name)
		}
		if got := one(t, p, parse.Input{Line: []byte(`{"msg":"after"}`)}); !strings.Contains(got, "after") {
			t.Errorf("%s: the next line gives %s", name, got)
		}
	}
	if got := p.Parse(parse.Input{}); got != parse.Tombstone {
		t.Errorf("nil: %s", got)
	}
}

func TestTruncatedAtEveryByte(t *testing.T) {
	p := newParser(t, parse.Options{})
	long := []byte(`{"msg":"` + strings.Repeat("x", 5000) + `","n":{"a":[1,true,null,"\\\""]}}`)
	for _, line := range [][]byte{[]byte(plainLine), long, []byte(`{"a":[true,false,null,-1.5e3,{"b":{}},[]],"c":"\"\\"}`)} {
		for n := 1; n < len(line); n++ {
			if got := p.Parse(parse.Input{Line: line[:n]}); got != parse.Truncated {
				t.Fatalf("%q: %s", line[:n], got)
			}
		}
	}
}

func TestMaxDepth(t *testing.T) {
	p := newParser(t, parse.Options{MaxDepth: 3})
	for line, want := range map[string]parse.Reason{
		`{"a":[{"b":1}]}`:               parse.OK,
		`{"a":[{"b":[]}]}`:              parse.TooDeep,
		`{"a":{},"b":{},"c":{},"d":[]}`: parse.OK,
		`[[[[1]]]]`:                     parse.TooDeep,
		`{"a":[{"b":1}],"c":"` + strings.Repeat("[", 5000) + `"}`: parse.OK,
	} {
		if got := p.Parse(parse.Input{Line: []byte(line)}); got != want {
			t.Errorf("%.30s: %s, want %s", line, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, opt := range map[string]parse.Options{
		"MaxLine":           {MaxLine: -1},
		"at most 300":       {MaxDepth: 301},
		"JoinLimits.Groups": {JoinLimits: parse.JoinLimits{Groups: -1}},
		"no such field":     {Aliases: map[string][]string{"lvl": {"x"}}},
		"one is empty":      {Aliases: map[string][]string{"level": {""}}},
		"too many aliases":  {Aliases: map[string][]string{"level": make64()}},
	} {
		if _, err := parse.New(opt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func make64() []string {
	var names []string
	for i := range 64 {
		names = append(names, strings.Repeat("x", i+1))
	}
	return names
}

func TestAliases(t *testing.T) {
	p := newParser(t, parse.Options{Aliases: map[string][]string{
		"key": {"code", "meta.code"}, "duration": {"took_s", "latency.us"}, "service": {"component"}, "level": {"lvl"},
		"time": {"when"}, "request_id": {"rid"}, "trace_id": {"tid"}, "status": {"rc"}, "env": {"stage"},
	}})
	line := `{"meta":{"code":"a"},"msg":"b","took_s":1.5,"component":"c","service":"d","lvl":"info","level":"error",` +
		`"when":1569317347,"time":5,"rid":1,"tid":2,"rc":3,"stage":"s"}`
	want := `info key="a" time=2019-09-24T09:29:07Z service="c" env="s" request="1" trace="2" duration=1500 status=3`
	if got := one(t, p, parse.Input{Line: []byte(line)}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := one(t, p, parse.Input{Line: []byte(`{"latency":{"us":1500},"meta.code":"flat"}`), Time: carrier}); got != `unknown key="flat" duration=1.5` {
		t.Error(got)
	}
}

func TestGet(t *testing.T) {
	p := newParser(t, parse.Options{})
	line := `{"a.b.c":1,"a":{"b.c":2,"b":{"c":3,"d":4}},"x.y":{"z":5},"n":null}`
	if r := p.Parse(parse.Input{Line: []byte(line)}); r != parse.OK {
		t.Fatal(r)
	}
	rec, _ := p.Next()
	for path, want := range map[string]string{"a.b.c": "1", "a.b.d": "4", "a.b": `{"c":3,"d":4}`, "x.y.z": "5", "n": "null"} {
		v := rec.Get(parse.NewPath(path))
		if v == nil || v.String() != want {
			t.Errorf("%s: %v, want %s", path, v, want)
		}
	}
	for _, path := range []string{"", "a.", ".a", "a..b", "a.b.c.d", "z", "n.x"} {
		if v := rec.Lookup(path); v != nil {
			t.Errorf("%s: %v", path, v)
		}
	}
	if r := p.Parse(parse.Input{Line: []byte(otlpLine)}); r != parse.OK {
		t.Fatal(r)
	}
	rec, _ = p.Next()
	if v := rec.Lookup("request_id"); v == nil || string(v.GetStringBytes()) != "573975" {
		t.Errorf("an attribute of OTLP: %v", v)
	}
	if v := rec.Lookup("spanId"); v == nil {
		t.Error("a field of OTLP is missing")
	}
}

func TestLongAndShortLinesInTurn(t *testing.T) {
	p := newParser(t, parse.Options{})
	long := []byte(`{"a":[` + strings.Repeat("[],", 30_000) + `1],"msg":"long"}`)
	for range 3 {
		if got := one(t, p, parse.Input{Line: long, Time: carrier}); got != `unknown key="long"` {
			t.Fatal(got)
		}
		if got := one(t, p, parse.Input{Line: []byte(`{"msg":"short"}`), Time: carrier}); got != `unknown key="short"` {
			t.Fatal(got)
		}
	}
}
