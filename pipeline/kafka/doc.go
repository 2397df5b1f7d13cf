// Package kafka reads topics as a member of a consumer group. It implements pipeline.Source and
// pipeline.Partition.
//
// Three layers, each in files of its own:
//
//   - membership: kafka-go's ConsumerGroup gives assignments (source.go, group.go, subscribe.go). The
//     offset in the caller's store is the truth; the group's offset in Kafka is a copy made about
//     once a second (committer.go).
//   - a partition (partition.go) with a reader of its own (reader.go) that keeps one fetch in flight
//     while the caller works on the last answer, over a connection of its own to the leader.
//   - a fetcher: raw (fetch.go, batch.go, codec.go), which decodes record batches out of pooled
//     buffers, or plain (plain.go), which leaves that to kafka-go.
//
// What the plain fetcher cannot do, because kafka-go hides what it would take: it checks no CRC, hands
// out the records of aborted transactions and transaction markers as messages, takes an empty value for a
// tombstone, notices a log that was cut back only when it ends below the offset, and a topic that was
// created again only at the next refresh of the metadata. Only the records' own bytes count for its
// Config.MaxBuffered, and a batch larger than Config.MaxBatch is not refused. It is a fallback for a broker that the raw fetcher does not get on with.
//
// The group speaks the classic protocol with eager rebalances, without static membership. Delivery is at
// least once; a caller that commits counts and offset together, as package rollup does, counts once.
package kafka
