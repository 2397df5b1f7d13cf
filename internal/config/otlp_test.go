package config_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/logproc/logproc/internal/config"
)

func TestOTLP(t *testing.T) {
	for text, want := range map[string]string{
		"{endpoint: 'http://127.0.0.1:4318'}":                   "",
		"{endpoint: 'grpcs://otel.example', queue: 1}":          "",
		"{endpoint: 'https://otel.example/otlp', timeout: 1s}":  "",
		"{endpoint: '127.0.0.1:4318'}":                          "otlp.endpoint: it is no URL",
		"{endpoint: 'udp://127.0.0.1:4318'}":                    `otlp.endpoint: "udp" is no protocol`,
		"{endpoint: 'https://u:hunter2@host'}":                  "otlp.endpoint: it holds a user",
		"{endpoint: 'https://host/?key=hunter2'}":               "otlp.endpoint: it is no URL",
		"{endpoint: 'grpc://host:1/v1/traces'}":                 "otlp.endpoint: it has a path",
		"{endpoint: 'http://127.0.0.1:4318', timeout: 0s}":      "otlp.timeout: 0s",
		"{endpoint: 'http://127.0.0.1:4318', queue: 0}":         "otlp.queue: 0",
		"{endpoint: 'http://127.0.0.1:4318', queue: 100000000}": "otlp.queue: 100000000",
	} {
		_, err := config.Load(write(t, "correlate: {mode: process}\notlp: "+text+"\n"), nil)
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", text, err, want)
		case err != nil && strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%s: the error tells a secret: %v", text, err)
		}
	}
}

func TestOTLPHeaders(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"":                                     {},
		"# a comment\n\nx-team: hunter2\r\n":   {"x-team": "hunter2"},
		"Authorization: Basic dTpw:x\nb_1:  c": {"Authorization": "Basic dTpw:x", "b_1": "c"},
		"x-team\n":                             nil,
		"x-team:\n":                            nil,
		": hunter2\n":                          nil,
		"x-a: b\nx team: hunter2\n":            nil,
	} {
		c := config.Default()
		c.OTLP.HeadersFile = filepath.Join(t.TempDir(), "headers")
		if err := os.WriteFile(c.OTLP.HeadersFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := c.OTLPHeaders()
		if (err == nil) != (want != nil) || !maps.Equal(got, want) || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestOTLPCA(t *testing.T) {
	c := config.Default()
	if settings, err := c.OTLPTLS(); settings != nil || err != nil {
		t.Errorf("without a file: %v, %v", settings, err)
	}
	c.OTLP.CA = write(t, "no certificate\n")
	if _, err := c.OTLPTLS(); err == nil || !strings.Contains(err.Error(), "expected PEM blocks CERTIFICATE") {
		t.Errorf("error: %v", err)
	}
}
