package kafka

import (
	"encoding/hex"
	"net"
	"strconv"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// topicID is Kafka's id of a topic; all zero where the broker is too old to have them.
type topicID [16]byte

func (id topicID) rollup() rollup.TopicID {
	if id == (topicID{}) {
		return ""
	}
	return rollup.TopicID(hex.EncodeToString(id[:]))
}

// metadata is what a broker knows of the cluster.
type metadata struct {
	serial  int              // grows with every look-up
	brokers map[int32]string // addresses by node
	topics  map[string]topicInfo
}

type topicInfo struct {
	id         topicID
	internal   bool
	code       int16
	partitions map[int32]partitionInfo
}

type partitionInfo struct {
	leader      int32
	leaderEpoch int32 // -1 when unknown
}

// place is where a partition can be fetched from.
type place struct {
	addr        string
	leaderEpoch int32
	id          topicID
	serial      int // of the metadata this comes from
}

// askMetadata asks for the named topics, or for all when the list is nil.
func (c *conn) askMetadata(topics []string) (*metadata, error) {
	version, err := c.version(apiMetadata, 4, 12)
	if err != nil {
		return nil, err
	}
	flex := version >= 9
	e := c.request(apiMetadata, version, flex)
	if topics == nil {
		e.array(-1)
	} else {
		e.array(len(topics))
	}
	for _, name := range topics {
		if version >= 10 {
			e.uuid(topicID{})
		}
		e.string(name)
		e.tags()
	}
	e.bool(false) // never create a topic by asking for it
	if version >= 8 {
		if version <= 10 {
			e.bool(false)
		}
		e.bool(false)
	}
	e.tags()
	d, err := c.roundTrip(flex)
	if err != nil {
		return nil, err
	}
	m := decodeMetadata(&d, version)
	if d.bad {
		return nil, errWire
	}
	return m, nil
}

func decodeMetadata(d *decoder, version int16) *metadata {
	m := &metadata{brokers: map[int32]string{}, topics: map[string]topicInfo{}}
	d.int32() // throttled for
	for range d.array(11) {
		node := d.int32()
		host := d.string()
		m.brokers[node] = net.JoinHostPort(host, strconv.Itoa(int(d.int32())))
		d.string() // rack
		d.tags()
	}
	d.string() // cluster id
	d.int32()  // controller
	for range d.array(9) {
		name, t := decodeTopic(d, version)
		m.topics[name] = t
	}
	return m
}

func decodeTopic(d *decoder, version int16) (name string, t topicInfo) {
	t.code = d.int16()
	name = d.string()
	if version >= 10 {
		t.id = d.uuid()
	}
	t.internal = d.bool()
	n := d.array(16)
	t.partitions = make(map[int32]partitionInfo, n)
	for range n {
		d.int16() // its own error: it has no leader then, which we notice
		index := d.int32()
		p := partitionInfo{leader: d.int32(), leaderEpoch: -1}
		if version >= 7 {
			p.leaderEpoch = d.int32()
		}
		skipInt32s(d) // replicas
		skipInt32s(d) // in sync
		if version >= 5 {
			skipInt32s(d) // offline
		}
		d.tags()
		t.partitions[index] = p
	}
	if version >= 8 {
		d.int32() // authorised operations
	}
	d.tags()
	return name, t
}

func skipInt32s(d *decoder) { d.take(4 * d.array(4)) }

// place finds a partition's leader, or says why there is none just now; the serial is there either way.
func (m *metadata) place(tp rollup.TopicPartition) (place, error) {
	none := func(code kafkago.Error) (place, error) {
		return place{serial: m.serial}, &brokerError{code: code, doing: "find the leader of " + tp.String()}
	}
	t, ok := m.topics[tp.Topic]
	switch {
	case !ok:
		return none(kafkago.UnknownTopicOrPartition)
	case t.code != 0:
		return none(kafkago.Error(t.code))
	}
	p, ok := t.partitions[tp.Partition]
	if !ok {
		return none(kafkago.UnknownTopicOrPartition)
	}
	addr, ok := m.brokers[p.leader]
	if !ok {
		return none(kafkago.LeaderNotAvailable)
	}
	return place{addr: addr, leaderEpoch: p.leaderEpoch, id: t.id, serial: m.serial}, nil
}

// checkSame tells whether the topic is still the one that this partition was taken over from.
func (pl place) checkSame(tp rollup.TopicPartition, was topicID) error {
	if was != (topicID{}) && pl.id != (topicID{}) && was != pl.id {
		return &topicError{tp: tp, was: was, is: pl.id}
	}
	return nil
}

// topicError says that a topic was created again.
type topicError struct {
	tp      rollup.TopicPartition
	was, is topicID
}

func (e *topicError) Error() string {
	return "read " + e.tp.String() + ": " + pipeline.ErrTopicChanged.Error() + ": its id was " + string(e.was.rollup()) +
		" and is now " + string(e.is.rollup())
}

func (e *topicError) Unwrap() error { return pipeline.ErrTopicChanged }
