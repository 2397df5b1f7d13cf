package config_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/internal/config"
)

var update = flag.Bool("update", false, "rewrite the table in docs/configuration.md")

const manual = "../../docs/configuration.md"

// TestManualListsEveryKey keeps the table between the markers equal to the struct.
func TestManualListsEveryKey(t *testing.T) {
	const begin, end = "<!-- keys -->\n", "<!-- /keys -->"
	data, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	from, to := strings.Index(text, begin), strings.Index(text, end)
	if from < 0 || to < from {
		t.Fatalf("%s has no table between %q and %q", manual, begin, end)
	}
	var table strings.Builder
	table.WriteString("| key | default | what it is |\n|---|---|---|\n")
	for _, k := range conf.Keys(config.Default()) {
		value := "–"
		if k.Default != "" {
			value = "`" + k.Default + "`"
		}
		if k.Help == "" {
			t.Errorf("%s has no help text", k.Path)
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s (%s) |\n", k.Path, value, strings.ReplaceAll(k.Help, "|", `\|`), k.Type)
	}
	if text[from+len(begin):to] == table.String() {
		return
	}
	if !*update {
		t.Fatalf("the table in %s is not up to date: go test ./internal/config -update", manual)
	}
	text = text[:from+len(begin)] + table.String() + text[to:]
	if err := os.WriteFile(manual, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
