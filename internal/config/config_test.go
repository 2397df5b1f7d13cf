package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/internal/config"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logproc.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAreInOrder(t *testing.T) {
	if _, err := config.Load("", nil); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}

func TestFileOverDefaultsAndFlagsOverFile(t *testing.T) {
	path := write(t, "kafka:\n  brokers: [a:1, b:2]\n  topics: logs\n  start: 2026-11-20T00:00:00Z\ncommit_interval: 5s\nlimits: {line_bytes: 2MiB}\n")
	c, err := config.Load(path, func(c *config.Config) error { return conf.Set(c, "kafka.topics", "one,two") })
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Kafka.Topics, []string{"one", "two"}) || !slices.Equal(c.Kafka.Brokers, []string{"a:1", "b:2"}) {
		t.Errorf("kafka: %+v", c.Kafka)
	}
	if c.CommitInterval != 5*time.Second || c.Limits.LineBytes != 2<<20 || c.Listen != "127.0.0.1:9188" || c.Kafka.Start.At.Day() != 20 {
		t.Errorf("config: %+v", c)
	}
}

func TestEverythingWrongIsReportedAtOnceWithItsPlace(t *testing.T) {
	path := write(t, `kafka:
  brokres: [127.0.0.1:9092]
  brokers: [nowhere]
  topics: [logs]
  topic_pattern: '^logs\.('
  start: yesterday
  sasl: {mechanism: kerberos}
store: etcd://user:hunter2@127.0.0.1/
commit_interval: 0s
listen: "9188"
log: {level: loud}
fields: {levle: [severity]}
`)
	_, err := config.Load(path, nil)
	var found conf.Diagnostics
	if !errors.As(err, &found) {
		t.Fatalf("error: %v", err)
	}
	want := []string{
		`:2:3: unknown key "brokres" in kafka, did you mean "brokers"?`,
		`:3:13: `, `:5:18: `, `:6:10: `, `:7:21: `, `:8:8: `, `:9:18: `, `:10:9: `, `:11:14: `, `:12:`,
	}
	text := err.Error()
	for _, w := range want {
		if !strings.Contains(text, path+w) {
			t.Errorf("no message %q in\n%s", w, text)
		}
	}
	if strings.Count(text, "\n")+1 != len(found) {
		t.Errorf("not one line each:\n%s", text)
	}
}

func TestSecretsAreNotInMessages(t *testing.T) {
	path := write(t, "kafka: {sasl: {mechanism: plain, user: u, password: {a: hunter2}}}\n")
	if _, err := config.Load(path, nil); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error: %v", err)
	}
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	path := write(t, "store: file:counts.db\nnaming: rules/naming.yaml\n")
	c, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	if got, want := c.StoreURL(), "file:"+filepath.Join(dir, "counts.db"); got != want {
		t.Errorf("store: %s, want %s", got, want)
	}
	if got, want := c.DeadLetterFile(), filepath.Join(dir, "counts.db.dead.jsonl"); got != want {
		t.Errorf("dead letters: %s, want %s", got, want)
	}
	if _, err := c.LoadNaming(); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "rules/naming.yaml")) {
		t.Errorf("a missing rule file: %v", err)
	}
}

func TestPasswordSources(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	none := func(string) string { return "" }
	for name, test := range map[string]struct {
		sasl   config.SASL
		getenv func(string) string
		ok     bool
	}{
		"file":        {config.SASL{Mechanism: "scram-sha-256", User: "u", PasswordFile: file}, none, true},
		"inline":      {config.SASL{Mechanism: "plain", User: "u", Password: "p"}, none, true},
		"environment": {config.SASL{Mechanism: "scram-sha-512", User: "u"}, func(k string) string { return map[string]string{"LOGPROC_KAFKA_PASSWORD": "p"}[k] }, true},
		"none":        {config.SASL{Mechanism: "plain", User: "u"}, none, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := config.Default()
			c.Kafka.SASL = test.sasl
			m, err := c.KafkaSASL(test.getenv)
			if (err == nil) != test.ok || (m != nil) != test.ok {
				t.Errorf("mechanism %v, error %v", m, err)
			}
		})
	}
}
