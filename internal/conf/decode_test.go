package conf_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/conf"
)

type common struct {
	Name string `yaml:"name"`
	Note string `yaml:"note"`
}

type level int

func (l *level) UnmarshalText(b []byte) error {
	switch string(b) {
	case "debug":
		*l = 1
	case "info":
		*l = 2
	default:
		return errors.New("no such level")
	}
	return nil
}

func (level) Expects() string { return "debug or info" }

// toggle is off, or a mapping.
type toggle struct {
	Off      bool     `yaml:"-"`
	Services []string `yaml:"services"`
}

func (t *toggle) UnmarshalText(b []byte) error {
	if t.Off = string(b) == "off"; !t.Off {
		return errors.New("it is not off")
	}
	return nil
}

func (toggle) Expects() string { return "off, or a mapping with services" }

type target struct {
	common `yaml:",inline"`
	Weight float64 `yaml:"weight"`
}

func (t *target) SetDefaults() { t.Weight = 1 }

type config struct {
	Kafka struct {
		Brokers []string      `yaml:"brokers" help:"bootstrap brokers"`
		Start   string        `yaml:"start"`
		Wait    time.Duration `yaml:"wait"`
		Max     conf.ByteSize `yaml:"max"`
		Port    uint16        `yaml:"port"`
	} `yaml:"kafka"`
	Level   level             `yaml:"level"`
	Toggle  toggle            `yaml:"toggle"`
	Targets []target          `yaml:"targets"`
	Fields  map[string]string `yaml:"fields"`
	Aliases map[string][]string
	By      map[string]*target `yaml:"by"`
	SMTP    *struct {
		User     string `yaml:"user"`
		Password string `yaml:"password" conf:"secret"`
		Pin      int    `yaml:"pin" conf:"secret"`
	} `yaml:"smtp"`
	Ratio float64 `yaml:"ratio"`
	On    bool    `yaml:"on"`
	Any   any     `yaml:"any"`
}

func defaults() *config {
	var c config
	c.Kafka.Brokers = []string{"127.0.0.1:9092"}
	c.Kafka.Start = "earliest"
	c.Fields = map[string]string{"a": "b"}
	return &c
}

func TestDecode(t *testing.T) {
	c := defaults()
	doc, diags := conf.Decode("c.yaml", []byte(`
# a comment
kafka:
  brokers: [a:1, "b:2"]
  wait: 35d
  max: 64MiB
  port: 9092
level: info
toggle: {services: api}
targets:
  - name: one
    weight: 2
  - {name: two}
  - &third
    <<: {note: merged, name: lost}
    name: 3
fields: {level: lvl}
Aliases: {x: y}
aliases:
  level: [lvl, level]
  time: t
by: {z: *third}
smtp:
  password: "s3cret"
ratio: 1
on: true
any: {a: [1, 1.5, yes, true, ~]}
`), c)
	if want := `c.yaml:18:1: unknown key "Aliases", did you mean "aliases"?`; diags.Error() != want {
		t.Fatalf("got %v\nwant %v", diags, want)
	}
	got := fmt.Sprintf("%+v %+v %+v %v %v %v %v %v %v %v", c.Kafka, c.Level, c.Toggle, c.Targets, c.Fields, c.Aliases, *c.By["z"], c.SMTP.Password, c.Ratio, c.Any)
	want := `{Brokers:[a:1 b:2] Start:earliest Wait:840h0m0s Max:64MiB Port:9092} 2 {Off:false Services:[api]} ` +
		`[{{one } 2} {{two } 1} {{3 merged} 1}] map[level:lvl] map[level:[lvl level] time:[t]] {{3 merged} 1} s3cret 1 map[a:[1 1.5 yes true <nil>]]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for path, want := range map[string]string{
		"kafka.brokers": "4:12", "kafka.brokers[1]": "4:18", "kafka": "3:1", "kafka.start": "3:1",
		"targets[1].name": "13:12", "targets[0]": "11:5", "targets[7].name": "10:1", "nothing": "1:1", "aliases.time": "21:9",
	} {
		if line, column := doc.At(path); fmt.Sprintf("%d:%d", line, column) != want {
			t.Errorf("At(%s) = %d:%d, want %s", path, line, column, want)
		}
	}
	if doc.Has("kafka.start") || !doc.Has("kafka.port") {
		t.Error("Has is wrong about kafka.start or kafka.port")
	}
}

func TestDecodeKeepsDefaults(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "kafka:\nfields:\n", "\xef\xbb\xbfkafka: {}\r\n", "{}"} {
		c := defaults()
		if _, diags := conf.Decode("c.yaml", []byte(text), c); diags != nil {
			t.Errorf("%q: %v", text, diags)
		}
		if c.Kafka.Start != "earliest" || c.Fields["a"] != "b" || len(c.Kafka.Brokers) != 1 {
			t.Errorf("%q: %+v", text, c)
		}
	}
}

func TestDecodeReports(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", "kafka:\n  brokres: [a]\n", `2:3: unknown key "brokres" in kafka, did you mean "brokers"?`},
		{"unknown key far from all", "kafka: {zzzzzzzzz: 1}", `1:9: unknown key "zzzzzzzzz" in kafka, expected one of brokers, start, wait, max, port`},
		{"duplicate key", "on: true\nratio: 1\non: false\n", `3:1: duplicate key "on", first given in line 1`},
		{"several", "on: 1\nratio: x\nlevel: warn\nkafka: {port: 70000, wait: 5, max: -1, brokers: {a: b}}\n",
			`1:5: on is "1", expected true or false|2:8: ratio is "x", expected a number|3:8: level is "warn", expected debug or info|` +
				`4:15: kafka.port is "70000", expected an integer from 0 to 65535|4:28: kafka.wait is "5", expected a duration such as 1s|` +
				`4:36: kafka.max is "-1", expected a size such as 64MiB|4:49: kafka.brokers is a mapping, expected a list of texts`},
		{"quoted number", "ratio: '1'", `1:8: ratio is "1", expected a number`},
		{"quoted boolean", "on: 'true'", `1:5: on is "true", expected true or false`},
		{"not a number", "ratio: .nan", `1:8: ratio is ".nan", expected a number`},
		{"no value", "on:\nlevel:\ntoggle:\n", `1:1: on has no value, expected true or false|2:1: level has no value, expected debug or info|3:1: toggle has no value, expected off, or a mapping with services`},
		{"list for text", "kafka: {start: [a]}", `1:16: kafka.start is a list, expected text`},
		{"text for mapping", "kafka: x", `1:8: kafka is "x", expected a mapping (key: value)`},
		{"text for list of mappings", "targets: x", `1:10: targets is "x", expected a list of mappings (key: value)`},
		{"union", "toggle: maybe", `1:9: toggle is "maybe", expected off, or a mapping with services`},
		{"root", "- a\n- b", `1:1: the file is a list, expected a mapping (key: value)`},
		{"root text", "hello", `1:1: the file is "hello", expected a mapping (key: value)`},
		{"secret text", "smtp: {password: [hunter2], pin: hunter2}", `1:18: smtp.password is a list, expected text|1:34: smtp.pin is not valid (its value is withheld), expected an integer`},
		{"syntax", "on: true\nkafka: [a\n", `2:8: sequence end token ']' not found`},
		{"tab", "kafka:\n\ton: true\n", "2:1: found character '\\t' that cannot start any token"},
		{"second document", "on: true\n---\non: false\n", "2:1: a second document (---) in the file, expected one document"},
		{"not utf-8", "on: true\nlevel: \xff\n", "2:8: this is no text in UTF-8"},
		{"unknown alias", "level: *x", "1:8: no anchor &x for this alias"},
		{"cyclic alias", "any: &x [*x]", "1:10: aliases make the file too large or too deep"},
		{"tag", "level: !ruby info", `1:8: tag "!ruby", expected a value without a tag`},
		{"merge of text", "kafka:\n  <<: x\n", "2:7: << merges something else, expected a mapping or a list of mappings"},
		{"deep", "any: " + strings.Repeat("[", 10000), "1:70: nested more than 64 levels deep"},
		{"deep block", "any:\n " + strings.Repeat("- ", 10000), "2:130: nested more than 64 levels deep"},
		{"complex key", "any:\n  ~: b", "2:3: a key of any is a list, a mapping or nothing, expected text"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, diags := conf.Decode("c.yaml", []byte(test.text), defaults())
			var want []string
			for _, w := range strings.Split(test.want, "|") {
				want = append(want, "c.yaml:"+w)
			}
			if got := diags.Error(); got != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
			}
			if strings.Contains(diags.Error(), "hunter2") {
				t.Error("a secret is in the message")
			}
		})
	}
}

func TestDocumentAdd(t *testing.T) {
	doc, diags := conf.Decode("c.yaml", []byte("kafka:\n  start: lates\non: 7\n"), defaults())
	if len(diags) != 1 {
		t.Fatal(diags)
	}
	doc.Add("kafka.start", `kafka.start is "lates"`, "earliest or latest")
	doc.Errorf("smtp.user", "smtp.user is missing")
	want := `c.yaml:1:1: smtp.user is missing
c.yaml:2:10: kafka.start is "lates", expected earliest or latest
c.yaml:3:5: on is "7", expected true or false`
	if got := doc.Diagnostics().Err(); got == nil || got.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", got, want)
	}
	if err := conf.Diagnostics(nil).Err(); err != nil {
		t.Error("no diagnostics are an error")
	}
}

// TestAliasBomb: aliases that multiply are cut off instead of filling the memory.
func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("any:\n  a0: &a0 [x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "  a%d: &a%d [*a%[3]d,*a%[3]d,*a%[3]d,*a%[3]d,*a%[3]d,*a%[3]d,*a%[3]d,*a%[3]d,*a%[3]d]\n", i, i, i-1)
	}
	_, diags := conf.Decode("c.yaml", []byte(b.String()), defaults())
	if len(diags) != 1 || !strings.Contains(diags[0].What, "too large") {
		t.Errorf("got %v", diags)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "kafka: {brokers: [a]}", "a: &x [*x]", "any: {<<: [{a: b}]}", "? a\n: b", "on: !!bool true", "targets:\n- name: |\n    x\n",
		"any: \"\\u0041\"", "- - - a", "%YAML 1.2\n---\non: true", "smtp:\n  password: >-\n    a\n    b\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, diags := conf.Decode("f", data, defaults())
		for i, d := range diags {
			if d.Line < 1 || d.Column < 1 || d.What == "" || strings.ContainsAny(d.Error(), "\n\x1b") {
				t.Errorf("diagnostic %d: %+q", i, d)
			}
		}
	})
}

// TestHostAndPortInBrackets: the library takes host:port inside of brackets for a mapping.
func TestHostAndPortInBrackets(t *testing.T) {
	type settings struct {
		Brokers []string `yaml:"brokers"`
		Topics  []string `yaml:"topics"`
	}
	type file struct {
		Kafka settings `yaml:"kafka"`
	}
	for _, text := range []string{
		"kafka: {brokers: [kafka:9092, localhost:1], topics: [x]}",
		"kafka:\n  brokers: [kafka:9092, localhost:1]\n  topics: [x]",
		"kafka: {brokers: ['kafka:9092', \"localhost:1\"], topics: [x]}",
		"kafka:\n  brokers:\n  - kafka:9092\n  - localhost:1\n  topics: x",
	} {
		var got file
		if _, found := conf.Decode("f.yaml", []byte(text), &got); len(found) > 0 || strings.Join(got.Kafka.Brokers, " ") != "kafka:9092 localhost:1" {
			t.Errorf("%s\ngave %v, %v", text, got, found)
		}
	}
	var got file
	if _, found := conf.Decode("f.yaml", []byte("kafka: {brokers: [kafka: 9092]}"), &got); len(found) == 0 {
		t.Errorf("a mapping as an address gave %v", got)
	}
}
