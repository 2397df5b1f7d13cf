package conf_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/conf"
)

func TestSet(t *testing.T) {
	c := defaults()
	shared := c.Fields
	for path, text := range map[string]string{
		"kafka.brokers": "a:1, b:2", "kafka.wait": "1d12h", "kafka.max": "1.5KiB", "level": "debug", "on": "true", "ratio": "0.5",
		"fields.log.level": "lvl", "aliases": "level=lvl,time=t", "by.x.weight": "7", "smtp.password": "hunter2", "toggle": "off",
	} {
		if err := conf.Set(c, path, text); err != nil {
			t.Error(err)
		}
	}
	got := fmt.Sprintf("%v %v %v %v %v %v %v %v %v", c.Kafka, c.Level, c.On, c.Ratio, c.Fields, c.Aliases, *c.By["x"], c.SMTP.Password, c.Toggle.Off)
	want := `{[a:1 b:2] earliest 36h0m0s 1536B 0} 1 true 0.5 map[a:b log.level:lvl] map[level:[lvl] time:[t]] {{ } 7} hunter2 true`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(shared) != 1 {
		t.Error("Set changed the map of the defaults")
	}
	if err := conf.Set(c, "kafka.brokers", ""); err != nil || len(c.Kafka.Brokers) != 0 {
		t.Error("an empty list", err, c.Kafka.Brokers)
	}
}

func TestSetReports(t *testing.T) {
	for _, test := range []struct{ path, text, want string }{
		{"kafka.brokres", "a", `unknown key "kafka.brokres", did you mean "kafka.brokers"?`},
		{"kafka.start.x", "a", `unknown key "kafka.start.x"`},
		{"kafka.wait", "soon", `kafka.wait is "soon", expected a duration such as 1s`},
		{"kafka", "x", `kafka cannot be given on the command line, only in the file`},
		{"targets", "x", `targets cannot be given on the command line, only in the file`},
		{"smtp.pin", "hunter2", `smtp.pin is not valid (its value is withheld), expected an integer`},
		{"fields", "a", `fields is "a", expected key=value,key=value`},
		{"level", "warn", `level is "warn", expected debug or info`},
		{"on", "yes", `on is "yes", expected true or false`},
	} {
		if err := conf.Set(defaults(), test.path, test.text); err == nil || err.Error() != test.want {
			t.Errorf("%s=%s: got %v, want %s", test.path, test.text, err, test.want)
		}
	}
}

func TestKeys(t *testing.T) {
	c := defaults()
	c.Kafka.Wait = 90 * time.Second
	c.Kafka.Max = 64 << 20
	keys := make(map[string]conf.Key)
	for _, k := range conf.Keys(c) {
		keys[k.Path] = k
	}
	for path, want := range map[string]conf.Key{
		"kafka.brokers":    {Type: "a list of texts", Help: "bootstrap brokers", Default: "127.0.0.1:9092", Settable: true},
		"kafka.wait":       {Type: "a duration such as 1s", Default: "1m30s", Settable: true},
		"kafka.max":        {Type: "a size such as 64MiB", Default: "64MiB", Settable: true},
		"targets":          {Type: "a list of mappings (key: value)"},
		"targets[].weight": {Type: "a number", Default: "1"},
		"targets[].name":   {Type: "text"},
		"smtp.password":    {Type: "text", Secret: true, Settable: true},
		"toggle":           {Type: "off, or a mapping with services", Settable: true},
		"toggle.services":  {Type: "a list of texts", Settable: true},
		"by.*.weight":      {Type: "a number", Default: "1", Settable: true},
	} {
		want.Path = path
		if keys[path] != want {
			t.Errorf("got  %+v\nwant %+v", keys[path], want)
		}
	}
}

// TestKeysRoundTrip: what Keys gives as default, Set takes.
func TestKeysRoundTrip(t *testing.T) {
	c := defaults()
	c.Kafka.Wait, c.Kafka.Max = 35*24*time.Hour, 1536
	for _, k := range conf.Keys(c) {
		if k.Settable && k.Default != "" {
			if err := conf.Set(c, k.Path, k.Default); err != nil {
				t.Error(err)
			}
		}
	}
	if c.Kafka.Wait != 35*24*time.Hour || c.Kafka.Max != 1536 {
		t.Errorf("%+v", c.Kafka)
	}
}

func TestSuggest(t *testing.T) {
	words := []string{"brokers", "topics", "group", "start", "api-sync-ok"}
	for word, want := range map[string]string{
		"brokres": "brokers", "Brokers": "brokers", "topic": "topics", "gruop": "group", "strat": "start", "api_sync_ok": "api-sync-ok",
		"zebra": "", "": "", "brokers": "", "gr": "", "api-snc-okk": "api-sync-ok",
	} {
		if got, ok := conf.Suggest(word, words); got != want || ok != (want != "") {
			t.Errorf("Suggest(%q) = %q, %v, want %q", word, got, ok, want)
		}
	}
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1048576": 1 << 20, "64MiB": 64 << 20, "64 MiB": 64 << 20, "1.5KiB": 1536, "2GB": 2e9, "7B": 7} {
		var s conf.ByteSize
		if err := s.UnmarshalText([]byte(text)); err != nil || int64(s) != want {
			t.Errorf("%q: %d, %v", text, int64(s), err)
		}
		var again conf.ByteSize
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
			t.Errorf("%q does not read back: %q", text, s)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1 zebra", "9999999999999TiB", "NaN", "1e300B"} {
		var s conf.ByteSize
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted as %d", text, s)
		}
	}
}

func BenchmarkSuggest(b *testing.B) {
	words := make([]string, 10000)
	for i := range words {
		words[i] = fmt.Sprintf("service-%d-sync-fail-customer-info-err_%d", i%37, i)
	}
	for b.Loop() {
		conf.Suggest("service-12-sync-fail-custmer-info-err_7x", words)
	}
}
