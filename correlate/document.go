package correlate

import (
	"encoding/binary"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
)

// documentVersion is the first byte of a stored request.
const documentVersion = 1

// AppendClosed writes a closed request as it is stored: ids, times, services, counts and verdicts always, its events
// when there is a reason to keep them. 256 events take about 50 KiB.
func AppendClosed(dst []byte, c *Closed) []byte {
	flags := byte(0)
	for i, set := range [...]bool{c.Evicted, c.Expired, c.Late, c.SharedTrace} {
		if set {
			flags |= 1 << i
		}
	}
	dst = append(dst, documentVersion, flags, byte(c.Reasons), byte(c.Worst))
	dst = binary.AppendVarint(binary.AppendVarint(dst, c.First), c.Last)
	dst = binary.AppendUvarint(dst, uint64(c.Records))
	for _, names := range [][]Name{c.Requests, c.Traces} {
		dst = binary.AppendUvarint(dst, uint64(len(names)))
		for _, n := range names {
			dst = appendText(appendID(dst, n.ID), n.Text)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.Services)))
	for _, s := range c.Services {
		dst = appendText(dst, s)
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.Calls)))
	for i := range c.Calls {
		dst = append(dst, byte(c.Calls[i].Verdict))
	}
	if c.Reasons == 0 {
		return binary.AppendUvarint(dst, 0)
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.Events)))
	var buf []byte
	for i := range c.Events {
		buf = appendEvent(buf[:0], &c.Events[i])
		dst = append(binary.AppendUvarint(dst, uint64(len(buf))), buf...)
	}
	return dst
}

// ReadClosed reads what AppendClosed wrote. Where the events were not kept there are no calls either. The error names
// nothing of the data.
func ReadClosed(data []byte) (*Closed, error) {
	r := wireReader{data: data}
	head := r.bytes(4)
	if r.bad || head[0] != documentVersion || head[3] >= byte(parse.LevelCount) {
		return nil, errWire
	}
	first, last, records := r.varint(), r.varint(), r.uvarint()
	requests, traces := r.names(), r.names()
	var services []redact.Text
	for range r.count() {
		services = append(services, redact.Stored(string(r.text())))
	}
	verdicts := r.bytes(r.count())
	var events []Event
	for range r.count() {
		e, err := readEvent(r.text())
		r.bad = r.bad || err != nil
		events = append(events, e)
	}
	if r.bad || len(r.data) > 0 || records > 1<<40 {
		return nil, errWire
	}
	c := &Closed{Timeline: NewTimeline(requests, traces, events, Options{}), Reasons: Reasons(head[2])}
	c.Evicted, c.Expired, c.Late, c.SharedTrace = head[1]&1 != 0, head[1]&2 != 0, head[1]&4 != 0, head[1]&8 != 0
	c.Traces, c.Services = traces, services
	c.First, c.Last, c.Records, c.Worst = first, last, int(records), parse.Level(head[3])
	for i := range c.Calls { // they are worked out again, but for what only the engine knew: that records may be missing
		if i < len(verdicts) && verdicts[i] < byte(verdictCount) {
			c.Calls[i].Verdict = Verdict(verdicts[i])
		}
	}
	return c, nil
}

func (r *wireReader) names() (list []Name) {
	for range r.count() {
		n := Name{ID: r.id()}
		n.Text = redact.Stored(string(r.text()))
		list = append(list, n)
	}
	return list
}

// count reads how many things follow, of at least a byte each.
func (r *wireReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.bad = true
		return 0
	}
	return int(n)
}
