package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/bench/workload"
	"github.com/logproc/logproc/internal/testbroker"
)

// broker is what the runs read from.
type broker struct {
	address string
	kind    string
	stop    func()
}

// startBroker gives the broker that was named, a real one when this machine can run it, or else the
// in-process one, whose CPU is not in the measured process either.
func startBroker(ctx context.Context, o options) (*broker, error) {
	if o.kafka != "" {
		return &broker{address: o.kafka, kind: "the broker at " + o.kafka, stop: func() {}}, nil
	}
	if canRunKafka() {
		return startKafka(ctx)
	}
	b, err := testbroker.Start(testbroker.Options{})
	if err != nil {
		return nil, fmt.Errorf("start the in-process broker: %w", err)
	}
	return &broker{address: b.Addrs()[0], kind: "in-process broker (kfake)", stop: b.Close}, nil
}

func canRunKafka() bool {
	for _, program := range []string{"java", "mvn", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			return false
		}
	}
	return true
}

func startKafka(ctx context.Context) (*broker, error) {
	_, here, _, _ := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(here), "..", "deploy", "kafka", "broker.sh")
	data, err := os.MkdirTemp("", "logproc-bench-kafka-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the broker: %w", err)
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	env := append(os.Environ(), "KAFKA_DATA="+data, fmt.Sprint("KAFKA_PORT=", ports[0]), fmt.Sprint("KAFKA_CONTROLLER_PORT=", ports[1]))
	call := func(ctx context.Context, verb string) (string, error) {
		cmd := exec.CommandContext(ctx, "bash", script, verb)
		cmd.Env = env
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		text, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("%s the Kafka broker: %w: %s", verb, err, strings.TrimSpace(stderr.String()))
		}
		return strings.TrimSpace(string(text)), nil
	}
	address, err := call(ctx, "start")
	stop := func() {
		_, _ = call(context.WithoutCancel(ctx), "stop")
		_ = os.RemoveAll(data)
	}
	if err != nil {
		stop()
		return nil, err
	}
	return &broker{address: address, kind: "Apache Kafka 4.1", stop: stop}, nil
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// partitions of the topic that is measured.
const partitions = 4

// fill makes a topic with the workload, in batches of up to a megabyte as a busy shipper makes them.
func fill(ctx context.Context, o options) (topic string, err error) {
	var id [4]byte
	_, _ = rand.Read(id[:])
	topic = "bench-" + hex.EncodeToString(id[:])
	client := &kafka.Client{Addr: kafka.TCP(o.kafka)}
	made, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1}}})
	if err == nil {
		err = made.Errors[topic]
	}
	if err != nil {
		return "", fmt.Errorf("make topic %s: %w", topic, err)
	}
	var codec kafka.Compression
	if o.codec != "none" {
		if err := codec.UnmarshalText([]byte(o.codec)); err != nil {
			return "", fmt.Errorf("codec %q: expected none, gzip, snappy, lz4 or zstd", o.codec)
		}
	}
	w := &kafka.Writer{
		Addr: client.Addr, Topic: topic, Balancer: &kafka.RoundRobin{}, Compression: codec,
		BatchBytes: 1 << 20, BatchSize: 2400, RequiredAcks: kafka.RequireOne,
	}
	generator := workload.New(workload.Options{
		Seed: 1, Records: o.records, Keys: o.keys, Personal: 100, Span: o.span, Start: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
	})
	var messages []kafka.Message
	for n := range o.records {
		messages = append(messages, kafka.Message{Value: generator.Append(nil)})
		if len(messages) == 4*2400 || n == o.records-1 {
			if err := w.WriteMessages(ctx, messages...); err != nil {
				return "", fmt.Errorf("fill topic %s: %w", topic, err)
			}
			messages = messages[:0]
		}
	}
	return topic, w.Close()
}
