package kafka

import (
	"cmp"
	"slices"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/rollup"
)

// roundRobin deals all partitions of all topics out in turn. (kafka-go's own begins with the first
// member for each topic, so that many topics of one partition would all go to one member.)
type roundRobin struct {
	// known lists the partitions that this member knows of. The coordinator may not have heard of a new
	// topic yet, and a topic that it does not name would be left to nobody.
	known func() []rollup.TopicPartition
}

// ProtocolName implements kafkago.GroupBalancer.
func (roundRobin) ProtocolName() string { return "roundrobin" }

// UserData implements kafkago.GroupBalancer.
func (roundRobin) UserData() ([]byte, error) { return nil, nil }

// AssignGroups implements kafkago.GroupBalancer.
func (r roundRobin) AssignGroups(members []kafkago.GroupMember, partitions []kafkago.Partition) kafkago.GroupMemberAssignments {
	all := r.known()
	for _, p := range partitions {
		all = append(all, rollup.TopicPartition{Topic: p.Topic, Partition: int32(p.ID)})
	}
	slices.SortFunc(all, func(a, b rollup.TopicPartition) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	all = slices.Compact(all)
	members = slices.SortedFunc(slices.Values(members), func(a, b kafkago.GroupMember) int { return cmp.Compare(a.ID, b.ID) })

	out := kafkago.GroupMemberAssignments{}
	for _, m := range members {
		out[m.ID] = map[string][]int{}
	}
	turn := 0
	for _, tp := range all {
		for range members {
			m := members[turn%len(members)]
			turn++
			if slices.Contains(m.Topics, tp.Topic) {
				out[m.ID][tp.Topic] = append(out[m.ID][tp.Topic], int(tp.Partition))
				break
			}
		}
	}
	return out
}
