package prom

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/logproc/logproc/rollup"
)

// Partition is the state of one partition since the program started, as one consistent copy. Its counters
// outlive its assignment, so that what is shown never falls.
type Partition struct {
	rollup.TopicPartition
	Assigned bool // whether this process works on it now; lag and idleness are shown only then
	LagKnown bool
	Lag      int64 // offsets between what is committed and the end

	Fetched   uint64 // = Outcomes.Total() + Discarded + Pending
	Outcomes  rollup.Outcomes
	Discarded uint64
	Pending   uint64
	Lost      map[rollup.LostReason]uint64

	LagTime, IdleTime time.Duration
}

// merge adds a partition that has to share the labels of p.
func (p *Partition) merge(other *Partition) {
	p.Assigned = p.Assigned || other.Assigned
	p.LagKnown = p.LagKnown || other.LagKnown
	p.Lag += other.Lag
	p.Fetched += other.Fetched
	p.Outcomes.Add(other.Outcomes)
	p.Discarded += other.Discarded
	p.Pending += other.Pending
	lost := make(map[rollup.LostReason]uint64)
	for _, from := range []*Partition{p, other} {
		for reason, n := range from.Lost {
			lost[reason] += n
		}
	}
	p.Lost = lost
	p.LagTime, p.IdleTime = max(p.LagTime, other.LagTime), max(p.IdleTime, other.IdleTime)
}

// partitions gives the partitions as they are labelled: names cleaned, no two the same, at most as many
// as the bound and one more.
func (e *Exporter) partitions() []Partition {
	all := e.options.Partitions()
	at := make(map[rollup.TopicPartition]int, len(all))
	out := make([]Partition, 0, len(all))
	for _, p := range all {
		p.Topic = clean(p.Topic)
		i, found := at[p.TopicPartition]
		if !found && len(out) >= e.options.MaxPartitions {
			p.TopicPartition = rollup.TopicPartition{Topic: rollup.Overflow}
			i, found = at[p.TopicPartition]
		}
		if found {
			out[i].merge(&p)
			continue
		}
		at[p.TopicPartition] = len(out)
		out = append(out, p)
	}
	return out
}

// emitPartition sends the metrics of one partition.
func (e *Exporter) emitPartition(ch chan<- prometheus.Metric, p *Partition) {
	topic, number := pair("topic", p.Topic), pair("partition", strconv.Itoa(int(p.Partition)))
	for _, o := range []struct {
		name string
		n    uint64
	}{
		{"fetched", p.Fetched}, {"counted", p.Outcomes.Counted}, {"dead_lettered", p.Outcomes.DeadLettered},
		{"skipped", p.Outcomes.Skipped}, {"discarded", p.Discarded},
	} {
		ch <- counter(e.desc.records, []*dto.LabelPair{pair("outcome", o.name), number, topic}, float64(o.n), e.started)
	}
	for _, reason := range []rollup.LostReason{rollup.LostRetention, rollup.LostTruncation, rollup.LostCorrupt} {
		ch <- counter(e.desc.lost, []*dto.LabelPair{number, pair("reason", string(reason)), topic}, float64(p.Lost[reason]), e.started)
	}
	both := []*dto.LabelPair{number, topic}
	ch <- gauge(e.desc.pending, both, float64(p.Pending))
	if !p.Assigned {
		return
	}
	if p.LagKnown {
		ch <- gauge(e.desc.lagRecords, both, float64(p.Lag))
	}
	ch <- gauge(e.desc.lagSeconds, both, p.LagTime.Seconds())
	ch <- gauge(e.desc.idle, both, p.IdleTime.Seconds())
}
