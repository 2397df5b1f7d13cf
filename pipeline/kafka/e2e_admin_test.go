//go:build e2e

package kafka_test

import (
	"context"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// deleteRecords deletes the records of partition 0 below an offset.
func deleteRecords(t *testing.T, client *kgo.Client, topic string, offset int64) {
	t.Helper()
	partition := kmsg.NewDeleteRecordsRequestTopicPartition()
	partition.Offset = offset
	part := kmsg.NewDeleteRecordsRequestTopic()
	part.Topic, part.Partitions = topic, []kmsg.DeleteRecordsRequestTopicPartition{partition}
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Topics, req.TimeoutMillis = []kmsg.DeleteRecordsRequestTopic{part}, 10000
	resp, err := req.RequestWith(context.Background(), client)
	if err == nil {
		err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// recreate deletes a topic and creates it anew, which works once the deletion is through.
func recreate(t *testing.T, addr, topic string) {
	client := &kafkago.Client{Addr: kafkago.TCP(addr), Timeout: 20 * time.Second}
	ctx := context.Background()
	if _, err := client.DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: []string{topic}}); err != nil {
		t.Error(err)
	}
	for range 100 {
		resp, err := client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: topic, NumPartitions: 1, ReplicationFactor: 1}}})
		if err == nil && resp.Errors[topic] == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the topic could not be created again")
}
