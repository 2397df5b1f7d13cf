//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// kafkaClient is a client with connections of its own: the shared ones may be to a broker that was killed.
func kafkaClient(t *testing.T) *kafka.Client {
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &kafka.Client{Addr: kafka.TCP(shared.kafka), Transport: transport}
}

// A topic that is deleted and created again stops its partitions; the documented command makes them go on without a
// restart, and everything that was ever in either topic is counted once.
func TestTopicCreatedAgain(t *testing.T) {
	const records = 20_000
	topic := newTopic(t, 4)
	truth := load(t, topic, records, "--seed", "1")
	redis := startRedis(t, "--appendonly", "yes")
	d := newDeployment(t, topic, "--kafka.metadata_interval", "1s", "--stall_after", "2s", "--dead_letters.file", "off")
	d.url = redis.url()
	run := d.start()
	d.counted(run, records, time.Minute)

	client := kafkaClient(t)
	answer, err := client.DeleteTopics(t.Context(), &kafka.DeleteTopicsRequest{Topics: []string{topic}})
	if err = errors.Join(err, answer.Errors[topic]); err != nil {
		t.Fatal(err)
	}
	// The broker makes topics that are asked for, so that the group may have made it again already.
	made, err := client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 4, ReplicationFactor: 1}}})
	if err == nil && !errors.Is(made.Errors[topic], kafka.TopicAlreadyExists) {
		err = made.Errors[topic]
	}
	if err != nil {
		t.Fatal(err)
	}
	for s, n := range load(t, topic, records/2, "--seed", "2") {
		truth[s] += n
	}
	eventually(t, time.Minute, "stop all partitions with what to do", func() error {
		page, err := d.get("/api/v1/status", "")
		if err == nil && strings.Count(page, "logproc state accept --topic "+topic+" --partition") < 4 {
			err = errors.New("not all partitions are stopped")
		}
		return err
	})
	eventually(t, 10*time.Second, "be not ready", func() error {
		if _, err := d.get("/-/ready", ""); err == nil {
			return errors.New("it is ready although partitions are stopped")
		}
		return nil
	})
	for partition := range 4 {
		must(t, nil, shared.program, "state", "accept", "--store", d.url, "--topic", topic, "--partition", strconv.Itoa(partition), "--offset", "0")
	}
	d.counted(run, records+records/2, time.Minute)
	terminate(t, run)
	compare(t, d.totals(), truth)
	if shown := must(t, nil, shared.program, "state", "show", "--store", d.url); strings.Count(shown, "moved by an operator") != 4 {
		t.Errorf("state show:\n%s", shown)
	}
}

// Partitions that are added while records arrive are read from their beginning, also with `start: latest`.
func TestTopicGrows(t *testing.T) {
	const records = 10_000
	topic := newTopic(t, 2)
	load(t, topic, records, "--seed", "1") // before the start: not counted
	d := newDeployment(t, topic, "--kafka.start", "latest", "--kafka.metadata_interval", "1s")
	run := d.start()
	eventually(t, 30*time.Second, "take both partitions over", func() error {
		n, err := d.metric("logproc_records_pending")
		if err == nil && n != 0 {
			err = fmt.Errorf("%.0f pending", n)
		}
		if err != nil {
			return err
		}
		_, err = d.get("/-/ready", "")
		return err
	})
	truth := load(t, topic, records, "--seed", "2")
	d.counted(run, records, time.Minute)
	grown, err := kafkaClient(t).CreatePartitions(t.Context(), &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: topic, Count: 5}}})
	if err = errors.Join(err, grown.Errors[topic]); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "send to all partitions", func() error {
		out, err := exec.Command("kcat", "-L", "-b", shared.kafka, "-t", topic).Output()
		if err == nil && strings.Count(string(out), "leader 1") < 5 {
			err = errors.New("not all have a leader")
		}
		return err
	})
	for s, n := range load(t, topic, records, "--seed", "3") {
		truth[s] += n
	}
	d.counted(run, 2*records, time.Minute)
	terminate(t, run)
	compare(t, d.totals(), truth)
}

// A program that is told to end while its store does not answer ends in time, and has lost nothing.
func TestEndsInTimeWithoutItsStore(t *testing.T) {
	const records = 50_000
	topic := newTopic(t, 4)
	truth := load(t, topic, records, "--seed", "1")
	redis := startRedis(t, "--appendonly", "yes")
	d := newDeployment(t, topic, "--commit_interval", "200ms", "--drain_timeout", "3s", "--dead_letters.file", "off")
	d.url = redis.url()
	run := d.start()
	d.counted(run, records/100, time.Minute)
	_ = redis.Signal(sigstop)
	for s, n := range load(t, topic, records, "--seed", "2") {
		truth[s] += n
	}
	began := time.Now()
	if code := run.stop(sigterm, 10*time.Second); code != 0 {
		t.Logf("exit code %d", code)
	}
	t.Logf("ended after %s", time.Since(began).Round(time.Millisecond))
	_ = redis.Signal(sigcont)
	d.untilEnd()
	compare(t, d.totals(), truth)
}

// The source's own tests against real Kafka, which have a broker only here.
func TestSourceOnRealKafka(t *testing.T) {
	c := exec.CommandContext(t.Context(), "go", "test", "-tags", "e2e", "-count=1", "-run", "^TestReal", "./pipeline/kafka/")
	c.Dir = shared.root
	c.Env = append(os.Environ(), "LOGPROC_TEST_KAFKA="+shared.kafka)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, tail(string(out), 30))
	}
}
