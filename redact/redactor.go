package redact

import (
	"bytes"

	"github.com/logproc/logproc/redact/detect"
	"github.com/logproc/logproc/redact/keyring"
)

// Header is a header of a Kafka record.
type Header struct{ Name, Value []byte }

// Source is a record as it came. Its bytes are not changed.
type Source struct {
	Value   []byte   // a line, or the value of a Kafka record; nil is a tombstone and stays nil
	Key     []byte   // the key of the Kafka record, nil when there is none
	Headers []Header // of the Kafka record
	Service []byte   // for rules of some services, nil when unknown
}

// Redacted is a record that may leave the program. Only a Redactor makes one. Its bytes are valid until
// the Redactor's next call, and as long as those of the Source: what needed no change is not copied.
type Redacted struct {
	value, key []byte
	headers    []Header
	dropped    bool
}

// Value gives the record's value; nil is a tombstone.
func (r Redacted) Value() []byte { return r.value }

// Key gives the key of the Kafka record; nil is none.
func (r Redacted) Key() []byte { return r.key }

// Headers gives the headers that may stay.
func (r Redacted) Headers() []Header { return r.headers }

// Dropped reports whether the policy wants the record left out where an output can do that; its value is
// withheld for those that cannot.
func (r Redacted) Dropped() bool { return r.dropped }

// Options of a Redactor.
type Options struct {
	Output Output // for which the records are; the zero value is Topic
}

// Redactor applies a policy to records. It belongs to one goroutine. Once its buffers have grown to the
// records that it sees, it allocates nothing for records of fields that it has met.
type Redactor struct {
	policy   *Policy
	limits   Limits
	out      Output
	scanner  *detect.Scanner
	hasher   *keyring.Hasher // nil: pseudonyms become markers
	patterns bool
	// byService tells that the policy does not say the same for all services.
	byService bool
	replaced  [64]Action // what is done to findings for which the policy names no action
	hits      *Hits
	texts     *labels

	// The state of the record at hand.
	tree       tree
	edits      []edit
	arena      []byte // what edits and unescaped texts are made of
	tokens     []pseudonymised
	echoes     []pseudonymised // those of tokens that are looked for in the whole record
	passed     int             // bytes of it that quickMembers has passed, and what it left of them, at most:
	word       int             // a word with a digit in it, of letters and digits, of that many bytes
	budget     int             // bytes that may still be looked at
	read       int             // complete objects and arrays among what is no string
	numberKind detect.Kind
	service    []byte // whose record it is, for exceptions

	// Room that is used again.
	path    [][]byte
	name    []byte
	matches []Match
	value   []byte
	key     []byte
	headers []Header
}

// NewRedactor gives a Redactor for a policy. Without a keyring, pseudonyms become markers.
func NewRedactor(p *Policy, k *keyring.Keyring, o Options) *Redactor {
	r := newRedactor(p, k, o.Output)
	r.texts = newLabels(newRedactor(p, k, Label))
	r.texts.redactor.hits = r.hits
	return r
}

func newRedactor(p *Policy, k *keyring.Keyring, out Output) *Redactor {
	r := &Redactor{
		policy: p, limits: bounded(p.Limits()), out: out, scanner: detect.NewScanner(words(p)), patterns: p.HasPatterns(), byService: p.byService(), hits: newHits(),
		tokens: make([]pseudonymised, 0, maxTokens),
	}
	if k != nil {
		r.hasher = k.NewHasher()
	}
	r.tree = newTree(r.limits.Depth)
	for kind := range r.replaced {
		r.replaced[kind] = Action{Rule: -1, Op: OpReplace, Kind: detect.Kind(kind), Marker: "<" + detect.Kind(kind).String() + ">"}
	}
	return r
}

// maxTokens bounds the pseudonyms of a record that its key is compared with.
const maxTokens = 32

// bounded gives limits in which nothing is unlimited.
func bounded(l Limits) Limits {
	orDefault := func(n *int, d int) {
		if *n <= 0 {
			*n = d
		}
	}
	orDefault(&l.Depth, 64)
	orDefault(&l.ValueBytes, 64<<10)
	orDefault(&l.DecodeLevels, 3)
	orDefault(&l.RecordBytes, 1<<20)
	return l
}

// words are the context words that the policy adds or takes away.
func words(p *Policy) (o detect.Options) {
	for k := detect.Email; k <= detect.Custom; k++ {
		w := p.Words(k)
		for _, text := range w.Context {
			o.Words = append(o.Words, detect.Word{Text: text, Kind: k})
		}
		for _, text := range w.Excluded {
			o.Exclude = append(o.Exclude, detect.Word{Text: text, Kind: k})
		}
	}
	return o
}

// Hits gives the counts of this Redactor; they go on growing.
func (r *Redactor) Hits() *Hits { return r.hits }

// Apply redacts a record. It never fails: what it cannot handle is withheld and counted.
func (r *Redactor) Apply(s Source) (out Redacted) {
	r.hits.Records++
	r.hits.Bytes += uint64(len(s.Value))
	defer func() {
		if recover() != nil {
			r.hits.Withheld[Defect]++
			out = Redacted{value: placeholder(s.Value)}
		}
	}()
	r.start(len(s.Value) + len(s.Key))
	root := r.root(s.Service)
	out.value, out.dropped = r.record(s.Value, root)
	out.key = r.recordKey(s.Key, root)
	out.headers = r.recordHeaders(s.Headers, root)
	return out
}

// keepBytes is the size up to which the arena is used again; larger ones go back to the garbage collector.
const keepBytes = 4 << 20

// workPerByte bounds how often a record may be looked at, in all encodings together.
const workPerByte = 24

// start makes ready for a record of so many bytes.
func (r *Redactor) start(size int) {
	r.tree.startRecord()
	r.edits, r.tokens, r.echoes = r.edits[:0], r.tokens[:0], r.echoes[:0]
	if cap(r.arena) > keepBytes {
		r.arena = nil
	}
	r.arena = r.arena[:0]
	r.budget = 64<<10 + workPerByte*size
	r.read = 0
}

// placeholder is what stands for a record that is withheld as a whole: an object for what looks like one.
func placeholder(value []byte) []byte {
	switch {
	case value == nil:
		return nil
	case bytes.HasPrefix(bytes.TrimLeft(value, " \t\r\n"), []byte("{")):
		return []byte(`{"redacted":"<withheld>"}`)
	case bytes.HasPrefix(bytes.TrimLeft(value, " \t\r\n"), []byte("[")):
		return []byte(`["<withheld>"]`)
	case len(value) == 0:
		return value
	}
	return withheldMarker
}

// record redacts a record's value.
func (r *Redactor) record(value []byte, root int32) (redacted []byte, dropped bool) {
	dropped = r.recordEdits(value, root)
	if len(r.edits) == 0 {
		return value, dropped
	}
	r.hits.Changed++
	r.value = build(r.value[:0], value, r.edits)
	r.edits = r.edits[:0]
	return r.value, dropped
}

// recordEdits pushes the edits of a record's value, and reports whether it is to be left out.
func (r *Redactor) recordEdits(value []byte, root int32) (dropped bool) {
	if len(value) == 0 {
		return false
	}
	if len(value) > r.limits.RecordBytes {
		r.hits.Withheld[BeyondRecord]++
		r.push(0, len(value), placeholder(value))
		return r.limits.DropBeyond
	}
	base := len(r.edits)
	r.passed, r.word = 0, shortWord
	r.text(value, root)
	if len(r.tokens) > 0 && r.findEchoes(value, r.edits[base:]) {
		r.edits = r.edits[:base]
		r.text(value, root)
	}
	treatment := r.policy.NonJSON()
	if treatment == NonJSONScan || r.read > 0 || bytes.Equal(value, withheldMarker) {
		return false
	}
	r.hits.Withheld[NotJSON]++
	r.edits = r.edits[:base]
	r.push(0, len(value), placeholder(value))
	return treatment == NonJSONDrop
}

// byteOrderMark may stand before a text.
var byteOrderMark = []byte("\xef\xbb\xbf")

// text pushes the edits of a whole record, JSON or not.
func (r *Redactor) text(src []byte, n int32) {
	from := 0
	if bytes.HasPrefix(src, byteOrderMark) {
		from = len(byteOrderMark)
	}
	at := skipSpace(src, from)
	if at < len(src) && src[at] != '{' && src[at] != '[' && r.scalar(src, at, n) {
		return
	}
	r.mixed(src, from, n, 0, 0)
}

// scalar handles a record that is one JSON string, number or word, and reports whether it is.
func (r *Redactor) scalar(src []byte, at int, n int32) bool {
	if c := src[at]; c != '"' && c != '-' && !isDigit(c) || c == '"' && !isOneString(src[at:]) {
		return false
	}
	base := len(r.edits)
	d := document{src: src, pos: at}
	o := r.walkRoot(&d, n)
	if d.space(); o == whole && d.pos == len(src) {
		return true
	}
	r.edits = r.edits[:base]
	return false
}

// walkRoot is walk for a scalar at the root.
func (r *Redactor) walkRoot(d *document, n int32) outcome {
	o := r.walk(d, n, 0)
	if o == removed {
		r.push(0, d.pos, null)
		return whole
	}
	return o
}
