package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/internal/config"
)

func TestOTLPExporterOfTheConfiguration(t *testing.T) {
	got := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.URL.Path + " " + r.Header.Get("x-team") }))
	defer server.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "logproc.yaml")
	for name, text := range map[string]string{"logproc.yaml": "correlate: {mode: process}\notlp: {endpoint: '" + server.URL + "', headers_file: headers}\n", "headers": "x-team: one\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := newOTLP(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	e.Export(&correlate.Closed{Timeline: &correlate.Timeline{}, Reasons: correlate.Slow})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if text := <-got; text != "/v1/traces one" {
		t.Errorf("received %q", text)
	}
	if e, err := newOTLP(config.Default(), slog.New(slog.DiscardHandler)); e != nil || err != nil {
		t.Errorf("without an endpoint: %v, %v", e, err)
	}
}
