//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/bench/produce"
)

const (
	sigterm = syscall.SIGTERM
	sigstop = syscall.SIGSTOP
	sigcont = syscall.SIGCONT
)

// newTopic creates a topic named after the test, with settings as name, value, ….
func newTopic(t *testing.T, partitions int, settings ...string) string {
	t.Helper()
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, t.Name())
	createTopic(t, name, partitions, settings...)
	return name
}

// createTopic creates a topic and waits until every partition has a leader.
func createTopic(t *testing.T, name string, partitions int, settings ...string) {
	t.Helper()
	config := kafka.TopicConfig{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}
	for i := 0; i < len(settings); i += 2 {
		config.ConfigEntries = append(config.ConfigEntries, kafka.ConfigEntry{ConfigName: settings[i], ConfigValue: settings[i+1]})
	}
	// A transport of its own: the shared one may hold connections to a broker that was killed.
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(shared.kafka), Transport: transport}
	response, err := client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{config}})
	if err == nil {
		err = response.Errors[name]
	}
	if err != nil {
		t.Fatalf("create topic %s: %v", name, err)
	}
	// Waits until every partition has a leader, as foreign producers would otherwise have to.
	topic, err := produce.Open(t.Context(), produce.Options{Brokers: []string{shared.kafka}, Topic: name, Partitions: partitions})
	if err != nil {
		t.Fatal(err)
	}
	topic.Close()
}

// kcatLines has kcat produce the lines, dealt to the partitions in turn.
func kcatLines(t *testing.T, topic string, partitions int, lines [][]byte) {
	t.Helper()
	shares := make([]bytes.Buffer, partitions)
	for i, line := range lines {
		share := &shares[i%partitions]
		share.Write(line)
		share.WriteByte('\n')
	}
	for p := range shares {
		must(t, &shares[p], "kcat", "-P", "-b", shared.kafka, "-t", topic, "-p", strconv.Itoa(p), "-z", "lz4")
	}
}

// kcatMessage has kcat produce one message of exactly these bytes to partition 0.
func kcatMessage(t *testing.T, topic string, value []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "message")
	if err := os.WriteFile(file, value, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, nil, "kcat", "-P", "-b", shared.kafka, "-t", topic, "-p", "0", "-X", "message.max.bytes=8000000", file)
}

// load has `logproc loadgen` produce records with a known truth to a topic of 4 partitions; it gives
// the truth by series.
func load(t *testing.T, topic string, records int, args ...string) map[series]uint64 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "truth.tsv")
	must(t, nil, shared.program, loadgenArguments(topic, records, file, args...)...)
	return readTruth(t, file)
}

func loadgenArguments(topic string, records int, truth string, args ...string) []string {
	return append([]string{"loadgen", "--brokers", shared.kafka, "--topic", topic,
		"--records", strconv.Itoa(records), "--truth", truth}, args...)
}

func readTruth(t *testing.T, file string) map[series]uint64 {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parseTSV(t, string(text))
}

// parseTSV reads rows of msg, service, level and count.
func parseTSV(t *testing.T, text string) map[series]uint64 {
	t.Helper()
	totals := make(map[series]uint64)
	for row := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		if len(f) != 4 {
			t.Fatalf("a row of %d columns, want 4", len(f))
		}
		n, err := strconv.ParseUint(f[3], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		totals[series{f[0], f[1], f[2]}] += n
	}
	return totals
}

func sum(totals map[series]uint64) (n uint64) {
	for _, c := range totals {
		n += c
	}
	return n
}

// sumBy sums up a truth by one dimension.
func sumBy(totals map[series]uint64, by func(series) string) map[string]uint64 {
	sums := make(map[string]uint64)
	for s, n := range totals {
		sums[by(s)] += n
	}
	return sums
}
