package deadletter_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/sinks/deadletter"
)

func TestTopic(t *testing.T) {
	broker, err := testbroker.Start(testbroker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	if err := broker.CreateTopic("dead", 1); err != nil {
		t.Fatal(err)
	}
	l := newLetters(deadletter.Options{PerReason: 3,
		Writers: []deadletter.Writer{deadletter.NewTopic(deadletter.TopicOptions{Brokers: broker.Addrs(), Topic: "dead"})}})
	if err := l.Write(t.Context(), lettersOf(7, parse.NotJSON, 10, 5)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: broker.Addrs(), Topic: "dead", MaxWait: 100 * time.Millisecond})
	defer func() { _ = r.Close() }()
	for i, want := range []string{"logs/7/10", "logs/7/11", "logs/7/12", "logs/7/13"} {
		m, err := r.ReadMessage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var e deadletter.Entry
		if err := json.Unmarshal(m.Value, &e); err != nil {
			t.Fatal(err)
		}
		if string(m.Key) != want || e.Reason != "not_json" || (e.LeftOut != 0) != (i == 3) {
			t.Errorf("message %d: key %s, value %s", i, m.Key, m.Value)
		}
	}
}

// TestTopicThatIsMissing: after a failure nothing is tried for a while, so that commits are not held up.
func TestTopicThatIsMissing(t *testing.T) {
	broker, err := testbroker.Start(testbroker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	now := epoch
	topic := deadletter.NewTopic(deadletter.TopicOptions{Brokers: broker.Addrs(), Topic: "dead", Now: func() time.Time { return now },
		Transport: &kafka.Transport{MetadataTTL: time.Millisecond}})
	l := newLetters(deadletter.Options{Writers: []deadletter.Writer{topic}})
	defer func() { _ = l.Close() }()
	write := func() error { return l.Write(t.Context(), lettersOf(7, parse.NotJSON, 10, 1)) }
	if err := write(); err == nil || !strings.Contains(err.Error(), "topic dead") {
		t.Fatalf("error %v", err)
	}
	if err := broker.CreateTopic("dead", 1); err != nil {
		t.Fatal(err)
	}
	if err := write(); err == nil || !strings.Contains(err.Error(), "not tried again before 12:00:30") {
		t.Errorf("within the pause: %v", err)
	}
	if l.Failed() != 2 {
		t.Errorf("%d failed", l.Failed())
	}
	for deadline := time.Now().Add(20 * time.Second); ; { // the client learns of the new topic in its own time
		now = now.Add(31 * time.Second)
		if err = write(); err == nil || time.Now().After(deadline) {
			break
		}
	}
	if err != nil {
		t.Errorf("after the pause: %v", err)
	}
}
