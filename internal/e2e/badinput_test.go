//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// letter is what the tests read of a line of the dead-letter file.
type letter struct {
	Topic     string
	Partition int
	Offset    int
	Reason    string
}

const goodLine = `{"service":"shop","env":"prod","level":"info","msg":"order-accepted","time":"2026-03-01T12:00:00Z"}`

// Every kind of bad record becomes a dead letter that says where it is and why, and the records after
// it are counted.
func TestBadRecordsBecomeDeadLetters(t *testing.T) {
	topic := newTopic(t, 1, "max.message.bytes", "4000000")
	deep := strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000)
	messages := []struct {
		name, reason string // without a reason the record is counted
		value        []byte
	}{
		{"good before", "", []byte(goodLine)},
		{"2 MiB", "too_long", []byte(`{"msg":"order-accepted","text":"` + strings.Repeat("x", 2<<20) + `"}`)},
		{"1,000 deep", "too_deep", []byte(deep)},
		{"truncated", "truncated", []byte(goodLine[:40])},
		{"text", "not_json", []byte("panic: runtime error")},
		{"array", "not_object", []byte(`[1,2,3]`)},
		{"NUL bytes", "not_json", []byte("\x00\x00\x00")},
		{"spaces", "empty", []byte("   ")},
		{"invalid UTF-8", "", bytes.Replace([]byte(goodLine), []byte("12:00:00Z"), []byte("12:00:00Z\",\"note\":\"\xff\xfe"), 1)},
		{"good after", "", []byte(goodLine)},
	}
	for _, m := range messages {
		kcatMessage(t, topic, m.value)
	}
	kcatKeyed(t, topic, "-Z")
	kcatKeyed(t, topic)
	kcatMessage(t, topic, []byte(goodLine))

	d := newDeployment(t, topic)
	d.untilEnd()
	letters := readLetters(t, d.store+".dead.jsonl")
	want := make(map[int]string)
	for offset, m := range messages {
		if m.reason != "" {
			want[offset] = m.reason
		}
	}
	want[len(messages)], want[len(messages)+1] = "tombstone", "empty"
	for offset, reason := range want {
		l, ok := letters[offset]
		if !ok {
			t.Errorf("no dead letter for offset %d, want %s", offset, reason)
		} else if l.Reason != reason || l.Topic != topic || l.Partition != 0 {
			t.Errorf("offset %d: %+v, want %s", offset, l, reason)
		}
		delete(letters, offset)
	}
	for offset, l := range letters {
		t.Errorf("a dead letter for the good record at offset %d: %+v", offset, l)
	}
	totals := d.totals()
	if n := totals[series{"order-accepted", "shop", "info"}]; n != 4 {
		t.Errorf("%d good records counted, want 4", n)
	}
	if n := sum(totals); n != uint64(len(messages)+3) {
		t.Errorf("%d records counted in all, want %d", n, len(messages)+3)
	}
}

// kcatKeyed has kcat produce a record with a key and an empty value, or none at all (-Z).
func kcatKeyed(t *testing.T, topic string, args ...string) {
	t.Helper()
	must(t, strings.NewReader("key:\n"), "kcat", append([]string{"-P", "-b", shared.kafka, "-t", topic, "-p", "0", "-K", ":"}, args...)...)
}

func readLetters(t *testing.T, file string) map[int]letter {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	letters := make(map[int]letter)
	for line := range bytes.Lines(text) {
		var l letter
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("a dead letter is no JSON: %v", err)
		}
		if _, twice := letters[l.Offset]; twice {
			t.Errorf("two dead letters for offset %d", l.Offset)
		}
		letters[l.Offset] = l
	}
	return letters
}
