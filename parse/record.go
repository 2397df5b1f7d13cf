package parse

import (
	"strconv"

	"github.com/valyala/fastjson"
)

// Level is the severity of a record, whatever its logger calls it.
type Level uint8

// The levels in ascending order; LevelUnknown is a record that names none, or none that is known.
const (
	LevelUnknown Level = iota
	LevelTrace
	LevelDebug
	LevelInfo
	LevelWarning
	LevelError
	LevelFatal
	levelCount
)

// LevelCount is the number of levels, for tables indexed by Level.
const LevelCount = int(levelCount)

var levelNames = [levelCount]string{"unknown", "trace", "debug", "info", "warning", "error", "fatal"}

// String gives the level's name as used in labels and summaries.
func (l Level) String() string {
	if l < levelCount {
		return levelNames[l]
	}
	return "level(" + strconv.Itoa(int(l)) + ")"
}

// Attention reports whether the level belongs to the priority "attention" (warning and above);
// all others are "debugging".
func (l Level) Attention() bool { return l >= LevelWarning }

// Millis is a duration in milliseconds, the unit of the `duration` field.
type Millis float64

// Reason says why a line is no record. It is a closed set: the value of metric labels and of the
// dead letters' field, and never holds any of the input.
type Reason uint8

// OK is the zero Reason: the line was read. Held is no failure either: the line is a fragment that
// waits for the rest of its record.
const (
	OK         Reason = iota
	Held              // a fragment of a split record, kept until its last part comes
	Tombstone         // a Kafka record without a value
	Empty             // nothing, or only white space
	NotJSON           // text that is not JSON
	NotObject         // JSON, but no object
	Truncated         // JSON that ends before it is complete
	TooLong           // longer than Options.MaxLine
	TooDeep           // nested deeper than the parser reads
	Defect            // the program itself failed on it, which is a defect worth reporting
	Incomplete        // fragments of a split record whose end did not come in time
	reasonCount
)

// ReasonCount is the number of reasons, for tables indexed by Reason.
const ReasonCount = int(reasonCount)

var reasonNames = [reasonCount]string{"ok", "held", "tombstone", "empty", "not_json", "not_object", "truncated",
	"too_long", "too_deep", "defect", "incomplete"}

// String gives the reason as used in labels.
func (r Reason) String() string {
	if r < reasonCount {
		return reasonNames[r]
	}
	return "reason(" + strconv.Itoa(int(r)) + ")"
}

// State says in what form a field was found.
type State uint8

// A field is absent (or null), of a type that can be used, or of one that cannot.
const (
	Absent State = iota
	Present
	Mistyped
)

// Record is what the rest of the program needs of one log record. All its byte slices and Object
// borrow from the Parser and are valid until the next call of Parse or Next on it.
type Record struct {
	Key       []byte // the msg key, unescaped; nil unless KeyState is Present
	Service   []byte // nil when unknown
	Env       []byte // nil when unknown
	RequestID []byte // nil when absent
	TraceID   []byte // nil when absent; as written, not normalised
	Time      int64  // event time in Unix nanoseconds UTC; the carrier's time when TimeState is not Present
	Duration  Millis // valid when DurationState is Present
	Status    int64  // valid when StatusState is Present
	Level     Level

	KeyState, TimeState, LevelState, DurationState, StatusState State

	// Object is the innermost JSON object, the application's own record; nil for a line that has none.
	Object *fastjson.Value

	attributes *fastjson.Value // of an OTLP record: where Get looks first
}

// Input is one line as its carrier hands it over.
type Input struct {
	Line   []byte // the line or the Kafka record's value; nil is a tombstone. Never modified, nor kept beyond the call.
	Stream []byte // what tells streams of split records apart: the Kafka record's key or the file's name; may be nil
	Offset int64  // the Kafka offset or line number (from 0)
	Time   int64  // the carrier's time in Unix nanoseconds, used where the line names none; 0 when it has none
	// Oversize says that the carrier has cut the line off, because it was longer than what it keeps: TooLong.
	Oversize bool
}
