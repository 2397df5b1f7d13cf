package otlp

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
)

// ids gives the ids of one request's trace and spans. They hold no more than what may be shown: an id that the
// redaction policy hides is not hashed either, since ids can be guessed and tried.
type ids struct {
	trace [16]byte
	root  [8]byte
	given map[string]uint64 // how often an identity came
}

// newIDs works the ids out of a request. The root's holds the time of the first event: what comes of a request after it
// was closed is a tree of its own in the same trace.
func newIDs(t *correlate.Timeline) *ids {
	n := &ids{given: make(map[string]uint64)}
	whole := traceName(t)
	if whole != nil {
		n.trace = traceBytes(whole.ID)
	} else {
		n.trace = [16]byte(hash(ownIdentity(t)))
	}
	identity := ownIdentity(t)
	n.root = nonZero(hash(appendText(appendNumber(n.trace[:], t.First), string(identity))))
	return n
}

// side gives the id of the span of one side of a call.
func (n *ids) side(s *side) [8]byte {
	b := append([]byte(nil), n.root[:]...)
	b = appendText(b, s.kindName())
	for _, text := range []string{s.call.From.String(), s.call.To.String(), s.of.Host.String(), s.of.Zone.String()} {
		b = appendText(b, text)
	}
	b = appendNumber(b, s.start)
	count := n.given[string(b)] // equal calls differ by their order, in which nothing else differs
	n.given[string(b)]++
	return nonZero(hash(binary.BigEndian.AppendUint64(b, count)))
}

// traceName gives the trace of another system that the request is part of: of several the smallest full one, so that the
// order of records does not matter. Nil when there is none, or none that may be shown.
func traceName(t *correlate.Timeline) *correlate.Name {
	var best *correlate.Name
	for i := range t.Traces {
		n := &t.Traces[i]
		if isTrace(n) && (best == nil || compareIDs(n.ID, best.ID) < 0) {
			best = n
		}
	}
	return best
}

// isTrace reports whether a trace's name is an id that OpenTelemetry can express, and may be shown.
func isTrace(n *correlate.Name) bool {
	return (n.ID.Form == id.Full || n.ID.Form == id.Short) && id.Trace([]byte(n.Text.String())) == n.ID
}

// compareIDs orders by form, full ones first, and value.
func compareIDs(a, b id.ID) int {
	return cmp.Or(cmp.Compare(a.Form, b.Form), cmp.Compare(a.Hi, b.Hi), cmp.Compare(a.Lo, b.Lo))
}

func traceBytes(i id.ID) (b [16]byte) {
	if i.Form == id.Full {
		binary.BigEndian.PutUint64(b[:8], i.Hi)
	}
	binary.BigEndian.PutUint64(b[8:], i.Lo)
	return b
}

// ownIdentity gives what tells the request from others. Where its id is hidden, that is what is shown of it, and its
// extent in time.
func ownIdentity(t *correlate.Timeline) []byte {
	kind, names, read := "request", t.Requests, id.Request
	if len(names) == 0 {
		kind, names, read = "trace", t.Traces, id.Trace
	}
	if len(names) == 0 {
		return appendExtent([]byte("none"), t)
	}
	n := slices.MinFunc(names, func(a, b correlate.Name) int { return compareIDs(a.ID, b.ID) })
	text := n.Text.String()
	if read([]byte(text)) != n.ID {
		return appendExtent(appendText([]byte(kind+" hidden"), text), t)
	}
	return append([]byte(kind), n.ID.String()...)
}

func appendExtent(b []byte, t *correlate.Timeline) []byte {
	for _, v := range []int64{t.First, t.Last, int64(t.Records)} {
		b = appendNumber(b, v)
	}
	return b
}

// appendText appends a text with its length, so that joined texts cannot be mistaken for others.
func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func appendNumber(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }

func hash(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:16]
}

// nonZero makes a span id of a hash; all zeros would be none.
func nonZero(hash []byte) [8]byte {
	b := [8]byte(hash[:8])
	if b == ([8]byte{}) {
		b[7] = 1
	}
	return b
}
