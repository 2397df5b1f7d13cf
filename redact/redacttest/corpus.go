package redacttest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// Case is a record of a corpus.
type Case struct {
	ID       int
	Kind     string
	Log      string
	LogB64   []byte   `json:"log_b64"` // the bytes of a line that is no UTF-8
	MustHide []string `json:"must_hide"`
	MustKeep []string `json:"must_keep"`
	Key      *string  // of a Kafka record
	Headers  json.RawMessage
}

// Value gives the record's value.
func (c *Case) Value() []byte {
	if c.LogB64 != nil {
		return c.LogB64
	}
	return []byte(c.Log)
}

// HeaderPairs gives the record's headers, which the corpus has as an object or as names and values in turn.
func (c *Case) HeaderPairs() (pairs [][2]string) {
	var named map[string]string
	var list []string
	if json.Unmarshal(c.Headers, &named) == nil {
		for name, value := range named {
			pairs = append(pairs, [2]string{name, value})
		}
	} else if json.Unmarshal(c.Headers, &list) == nil {
		for i := 0; i+1 < len(list); i += 2 {
			pairs = append(pairs, [2]string{list[i], list[i+1]})
		}
	}
	return pairs
}

// Load reads a corpus of one case a line.
func Load(path string) ([]Case, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the corpus: %w", err)
	}
	defer func() { _ = f.Close() }()
	var cases []Case
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c Case
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("read the corpus, case %d: %w", len(cases)+1, err)
		}
		cases = append(cases, c)
	}
	return cases, lines.Err()
}
