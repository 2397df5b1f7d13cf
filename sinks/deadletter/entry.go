package deadletter

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/logproc/logproc/rollup"
)

// Entry is one letter, or the rest of too many, as it is written.
type Entry struct {
	At        time.Time  `json:"at"` // when it was written
	Topic     string     `json:"topic"`
	Partition int32      `json:"partition"`
	Offset    int64      `json:"offset"` // for files: the line, from 0
	Reason    string     `json:"reason"`
	Time      *time.Time `json:"time,omitempty"` // the record's or file's own
	Service   string     `json:"service,omitempty"`
	Size      int        `json:"size,omitempty"` // bytes

	// LeftOut is the number of letters that this entry stands for, with offsets from Offset to LastOffset;
	// 0 for an entry of one letter.
	LeftOut    uint64 `json:"left_out,omitempty"`
	LastOffset int64  `json:"last_offset,omitempty"`
}

func entryOf(d *rollup.DeadLetter, now time.Time) Entry {
	e := Entry{At: now, Topic: d.Topic, Partition: d.Partition, Offset: d.Offset, Reason: d.Reason.String(), Service: d.Service.String(), Size: d.Size}
	if !d.Time.IsZero() && d.Time.UnixNano() != 0 {
		t := d.Time.UTC()
		e.Time = &t
	}
	return e
}

// key identifies the line: letters that come twice have the same.
func (e *Entry) key() string {
	return strings.Join([]string{e.Topic, strconv.Itoa(int(e.Partition)), strconv.FormatInt(e.Offset, 10)}, "/")
}

// line gives the entry as one line of JSON with its newline.
func (e *Entry) line() []byte {
	b, err := json.Marshal(e)
	if err != nil {
		// Every field is a string, a number or a time; only a year beyond 9999 cannot be written.
		plain := *e
		plain.Time = nil
		b, _ = json.Marshal(plain)
	}
	return append(b, '\n')
}
