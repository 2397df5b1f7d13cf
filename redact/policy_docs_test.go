package redact

import (
	"os"
	"regexp"
	"testing"
)

// TestManual loads every policy in the manual, tests included.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("../docs/redaction.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(examples) < 2 {
		t.Fatalf("%d examples", len(examples))
	}
	for i, example := range examples {
		p, err := LoadPolicy("example.yaml", example[1], LoadOptions{})
		if err != nil {
			t.Errorf("example %d: %v", i+1, err)
		} else if len(p.Warnings()) > 0 {
			t.Errorf("example %d: %v", i+1, p.Warnings())
		}
	}
}
