package redisstore

import (
	"strconv"
	"strings"

	"github.com/logproc/logproc/rollup"
)

// names makes the keys on the server; see the package comment.
type names struct{ prefix string }

// meta is the hash of what concerns the whole store.
func (n names) meta() string { return n.prefix + ":meta" }

// partitions is the set of all partitions.
func (n names) partitions() string { return n.prefix + ":partitions" }

// partition begins the keys of a partition. The part in braces decides the slot of a cluster; the number
// comes first, so that it is never empty, whatever the topic's name.
func (n names) partition(tp rollup.TopicPartition) string {
	return n.prefix + ":{" + member(tp) + "}:"
}

func (n names) state(tp rollup.TopicPartition) string { return n.partition(tp) + "state" }

func (n names) days(tp rollup.TopicPartition) string { return n.partition(tp) + "days" }

// kind is a kind of content, in the names of keys and in the arguments of the function.
type kind string

const (
	kindCounts kind = "c"
	kindForms  kind = "f"
	kindFacts  kind = "x" // and the day's revision, see facts.go
	kindSpans  kind = "d" // the facts that are durations, which are many
)

func (n names) day(tp rollup.TopicPartition, k kind, day int32) string {
	return n.partition(tp) + string(k) + ":" + strconv.Itoa(int(day))
}

// member names a partition in the set of all.
func member(tp rollup.TopicPartition) string {
	return strconv.Itoa(int(tp.Partition)) + ":" + tp.Topic
}

func partitionOf(member string) (rollup.TopicPartition, bool) {
	number, topic, found := strings.Cut(member, ":")
	n, err := strconv.ParseInt(number, 10, 32)
	return rollup.TopicPartition{Topic: topic, Partition: int32(n)}, found && err == nil
}
