package kafka

import "github.com/logproc/logproc/rollup"

// fetchRequest asks for the records of one partition.
type fetchRequest struct {
	tp          rollup.TopicPartition
	id          topicID // used from version 13 on
	at          position
	leaderEpoch int32
	maxWait     int32 // milliseconds
	maxBytes    int32
	isolation   int8
}

// position is a place in a log: an offset and the leader epoch of the record before it, -1 when unknown.
type position struct {
	offset    int64
	lastEpoch int32
}

// fetchResponse is the answer for the one partition.
type fetchResponse struct {
	code      int16
	end       int64 // high watermark
	stable    int64 // last stable offset
	logStart  int64 // -1 when not told
	aborted   []abortedTxn
	diverging divergence
	records   []byte // record batches, as a slice of the response; the last may be cut off
}

// divergence says that the log went another way than what was read: it holds the records of an epoch
// only up to an offset.
type divergence struct {
	found bool
	epoch int32
	end   int64
}

// fetchVersion picks the version: 13 names topics by id, so that one that was created again is never
// taken for the old one.
func (c *conn) fetchVersion(id topicID) (int16, error) {
	newest := int16(13)
	if id == (topicID{}) {
		newest = 12
	}
	return c.version(apiFetch, 4, newest)
}

// encodeFetch begins the request on c.
func (c *conn) encodeFetch(version int16, r *fetchRequest) {
	e := c.request(apiFetch, version, version >= 12)
	e.int32(-1) // no replica
	e.int32(r.maxWait)
	e.int32(1) // answer as soon as there is anything
	e.int32(r.maxBytes)
	e.int8(r.isolation)
	if version >= 7 {
		e.int32(0)  // no session:
		e.int32(-1) // each request says all
	}
	e.array(1)
	if version >= 13 {
		e.uuid(r.id)
	} else {
		e.string(r.tp.Topic)
	}
	e.array(1)
	e.int32(r.tp.Partition)
	if version >= 9 {
		e.int32(r.leaderEpoch)
	}
	e.int64(r.at.offset)
	if version >= 12 {
		e.int32(r.at.lastEpoch)
	}
	if version >= 5 {
		e.int64(-1) // log start, for replicas
	}
	e.int32(r.maxBytes)
	e.tags()
	e.tags()
	if version >= 7 {
		e.array(0) // forgotten topics
	}
	if version >= 11 {
		e.string("") // rack
	}
	e.tags()
}

// decodeFetch reads the answer for one partition. With cut, the answer is known to go on beyond d, so
// that the records may end early and nothing is read after them.
func decodeFetch(d *decoder, version int16, r *fetchRequest, cut bool) (fetchResponse, error) {
	resp := fetchResponse{logStart: -1}
	d.int32() // throttled for
	if version >= 7 {
		if code := d.int16(); code != 0 {
			return resp, codeError(code, "fetch "+r.tp.String())
		}
		d.int32() // session
	}
	if d.array(4) == 0 {
		return resp, errWire
	}
	if version >= 13 {
		if d.uuid() != r.id {
			return resp, errWire
		}
	} else if d.string() != r.tp.Topic {
		return resp, errWire
	}
	if d.array(20) == 0 || d.int32() != r.tp.Partition {
		return resp, errWire
	}
	decodePartition(d, version, &resp, cut)
	if d.bad {
		return resp, errWire
	}
	return resp, nil
}

func decodePartition(d *decoder, version int16, resp *fetchResponse, cut bool) {
	resp.code = d.int16()
	resp.end = d.int64()
	resp.stable = d.int64()
	if version >= 5 {
		resp.logStart = d.int64()
	}
	n := d.array(16)
	for range n {
		resp.aborted = append(resp.aborted, abortedTxn{producerID: d.int64(), first: d.int64()})
		d.tags()
	}
	if version >= 11 {
		d.int32() // preferred replica: we name no rack, so there is none
	}
	if cut {
		if size := d.length(4); size > len(d.b) {
			resp.records, d.b = d.b, nil
			return
		}
		d.bad = true
		return
	}
	resp.records = d.bytes()
	d.eachTag(func(tag uint64, field *decoder) {
		if tag == 0 {
			resp.diverging = divergence{found: true, epoch: field.int32(), end: field.int64()}
		}
	})
}
