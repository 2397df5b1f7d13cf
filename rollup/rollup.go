// Package rollup holds exact counts by event-time bucket, committed in one atomic step with the
// offset they stand for, and the summaries made of them.
//
// The stores are in sub-folders (memstore, boltstore) and pass one conformance suite, storetest.
package rollup

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/logproc/logproc/internal/exphist"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
)

// TopicPartition names one partition of a topic, or one file ("file:NAME", 0).
type TopicPartition struct {
	Topic     string
	Partition int32
}

// String gives topic/partition, as in messages and status.
func (tp TopicPartition) String() string { return tp.Topic + "/" + strconv.Itoa(int(tp.Partition)) }

// Key identifies one series of counts. It is comparable; stores encode it length-prefixed.
type Key struct {
	Service redact.Text
	Env     redact.Text
	Level   parse.Level
	Msg     redact.Text
}

// Values of Key.Msg and Key.Service that stand for what has no value of its own.
const (
	MsgMissing     = "_missing"  // a JSON object without a key
	MsgUnparsed    = "_unparsed" // a line that could not be read, see parse.Reason
	MsgInvalid     = "_invalid"  // a key that breaks the naming convention
	Overflow       = "_overflow" // beyond a cardinality budget
	ServiceUnknown = "_unknown"  // no field or envelope names the service
)

// BucketLength is the length of a time bucket. A quarter of an hour fits every zone's offset, so the
// day of any zone, of 23 or 25 hours too, can be folded from buckets of UTC.
const BucketLength = 15 * time.Minute

// Bucket is a span of BucketLength of event time, counted from the Unix epoch in UTC.
type Bucket int32

// BucketOf gives the bucket of a time in Unix nanoseconds; times outside of what Bucket can hold are
// put into the first or last one.
func BucketOf(ns int64) Bucket {
	b := ns / int64(BucketLength)
	if ns%int64(BucketLength) < 0 {
		b--
	}
	return Bucket(b) // ±292 years of nanoseconds are ±10.2 million buckets
}

// Buckets for events whose time cannot be used: they count, apart from any day, and never expire.
const (
	BucketLate   Bucket = math.MinInt32     // older than the retention allows, see Horizon
	BucketFuture Bucket = math.MaxInt32 - 1 // later than clocks may differ
)

// OfDay reports whether the bucket belongs to a day; BucketLate and BucketFuture do not.
func (b Bucket) OfDay() bool { return b != BucketLate && b != BucketFuture }

// Start gives the first instant of the bucket, in UTC.
func (b Bucket) Start() time.Time {
	return time.Unix(int64(b)*int64(BucketLength/time.Second), 0).UTC()
}

// Count is a number of events of one series in one bucket.
type Count struct {
	Key    Key
	Bucket Bucket
	N      uint64
}

// Form is a frequent shape of keys that break the convention: the key with everything replaced that
// may identify someone. Its counts are a lower bound (only frequent forms are kept).
type Form struct {
	Service redact.Text
	Env     redact.Text
	Text    redact.Text // safe to show: see rules.Form
	Bucket  Bucket
	N       uint64
}

// Outcomes says what became of the records of a range of offsets.
type Outcomes struct {
	Counted      uint64 // counted as an event (one OTLP record may hold several events)
	DeadLettered uint64 // counted as _unparsed and handed to the dead letters
	Skipped      uint64 // left out by rule: the leading fragments of a joined record
}

// Add adds other to o.
func (o *Outcomes) Add(other Outcomes) {
	o.Counted += other.Counted
	o.DeadLettered += other.DeadLettered
	o.Skipped += other.Skipped
}

// Total gives the number of records with an outcome.
func (o Outcomes) Total() uint64 { return o.Counted + o.DeadLettered + o.Skipped }

// LostReason says why a range of offsets could not be counted.
type LostReason string

// The causes of loss. A hole in the offsets is none: compaction and transactions leave them.
const (
	LostRetention  LostReason = "retention"  // the log now starts beyond the offset that was expected next
	LostTruncation LostReason = "truncation" // the log was cut back below the offset that was expected next
	LostCorrupt    LostReason = "corrupt"    // a batch that cannot be read
)

// Lost is a range of offsets [First, Last] that could not be read. Offsets are an upper bound of the records.
type Lost struct {
	First, Last int64
	Reason      LostReason
}

// Fence is a claim number issued by the store; a commit with a number below the newest is refused. Numbers grow, with
// gaps.
type Fence uint64

// TopicID tells a topic from one of the same name that was created after a deletion: Kafka's topic
// id as 32 hex digits, or empty where the source has none.
type TopicID string

// Claim is what the store knows of a partition when a worker takes it over.
type Claim struct {
	Fence   Fence
	Known   bool    // whether anything was ever committed; if not, Offset and Resume mean nothing
	TopicID TopicID // of the last commit
	Offset  int64   // the next offset to count: everything below it is counted
	Resume  int64   // where to read from, at most Offset: records in between only refill held fragments
	Newest  int64   // the partition's newest event time so far, Unix nanoseconds: what is late is measured from it
	Start   int64   // the first offset that was ever asked for
}

// Commit is one atomic step: the counts of the records in [Base, Next) and the new offset.
type Commit struct {
	TopicPartition
	Fence    Fence
	TopicID  TopicID
	Known    bool  // the store has known the partition: if it does not any more, it has forgotten, and answers Behind
	Base     int64 // the stored offset this step starts from; not compared when nothing is stored yet
	Next     int64 // the stored offset after it; offsets have holes, so Next-Base is no number of records
	Resume   int64 // see Claim.Resume
	Outcomes Outcomes
	Counts   []Count // no two with the same Key and Bucket
	Forms    []Form
	Facts    []Fact // may name one several times
	Lost     []Lost

	// What else the records brought, for the metrics that follow the commit.
	Exemplars   []SeriesExemplar // at most one of a Key
	Durations   []Durations
	Violations  []Violations
	Overflowed  []Overflowed
	Redactions  []Redaction
	Observed    []Redaction // what the rules of a policy that only observes would have done
	Withheld    []Withheld
	DeadLetters [parse.ReasonCount]uint64
	Untimed     uint64 // records that named no usable time, and took that of their carrier
	Late        uint64 // events counted in BucketLate
	Future      uint64 // events counted in BucketFuture
	Newest      int64  // the newest event time among the records, those of BucketFuture apart, Unix nanoseconds; 0 when there is none
}

// Durations are the durations of one operation, in seconds.
type Durations struct {
	Service, Env, Msg redact.Text
	Histogram         *exphist.Histogram
	Exemplar          Exemplar // of the longest
}

// Exemplar is an event that stands for others, by its trace. The id is a number, so that nothing personal can
// be in it. The zero Exemplar is none.
type Exemplar struct {
	TraceHi, TraceLo uint64
	Short            bool    // the id has 64 bits, which are in TraceLo
	Value            float64 // what was observed; 1 for a count
	Time             int64   // of the event, Unix nanoseconds
}

// SeriesExemplar is an exemplar of the events of a key.
type SeriesExemplar struct {
	Key Key
	Exemplar
}

// Violations is how often a service broke one rule of the naming convention.
type Violations struct {
	Service redact.Text
	Rule    string
	N       uint64
}

// Redaction is how often a rule of the redaction policy was applied to a field.
type Redaction struct {
	Rule, Field, Operator string // names of the policy, and the path of the field; never a value
	N                     uint64
}

// Withheld is how many values were withheld although no rule names them, because a limit was reached.
type Withheld struct {
	Reason string
	N      uint64
}

// Overflowed is how many events of a service were counted under Overflow, because a cardinality
// budget was used up.
type Overflowed struct {
	Service redact.Text
	N       uint64
}

// DeadLetter tells where a line is that could not be read, and why. It holds nothing of the line.
type DeadLetter struct {
	TopicPartition
	Offset  int64
	Time    time.Time // the record's or the file's
	Reason  parse.Reason
	Service redact.Text // as far as an envelope names it
	Size    int         // bytes of the line
}

// Outcome is the store's answer to a Commit.
type Outcome uint8

// Committed and Already are success; after Behind and Split the worker discards its batch and reads
// on from Result.Offset; after Fenced and TopicChanged it stops.
const (
	Committed    Outcome = iota
	Fenced               // somebody claimed the partition after us
	TopicChanged         // the stored counts belong to another topic of that name
	Already              // the stored offset is Next or beyond: an earlier try took effect
	Behind               // the stored offset is below Base: the store came back from the past
	Split                // the stored offset is inside the batch
)

var outcomeNames = [...]string{"committed", "fenced", "topic_changed", "already", "behind", "split"}

// String gives the outcome as used in labels.
func (o Outcome) String() string { return outcomeNames[o] }

// Result is the answer to a Commit: what happened and the offset that is stored now.
type Result struct {
	Outcome Outcome
	Offset  int64
	// Foreign comes with Already: the store, which has forgotten our claim, has it from another worker.
	Foreign bool
}

// Decide is the contract of the commit, shared by all stores: given what is stored, what becomes of c.
// The caller applies c in the same atomic step if and only if the outcome is Committed.
func Decide(stored Claim, c *Commit) Result {
	switch {
	case c.Fence < stored.Fence:
		return Result{Outcome: Fenced, Offset: stored.Offset}
	case !stored.Known && c.Known:
		return Result{Outcome: Behind, Offset: 0}
	case !stored.Known:
		return Result{Outcome: Committed, Offset: c.Next}
	case stored.TopicID != c.TopicID && stored.TopicID != "" && c.TopicID != "": // brokers before 2.8 tell none
		return Result{Outcome: TopicChanged, Offset: stored.Offset}
	case stored.Offset == c.Base:
		return Result{Outcome: Committed, Offset: c.Next}
	case stored.Offset >= c.Next:
		return Result{Outcome: Already, Offset: stored.Offset, Foreign: stored.Fence < c.Fence}
	case stored.Offset < c.Base:
		return Result{Outcome: Behind, Offset: stored.Offset}
	default:
		return Result{Outcome: Split, Offset: stored.Offset}
	}
}

// Ledger is the balance of one partition since the store was made.
type Ledger struct {
	TopicPartition
	TopicID  TopicID
	Start    int64 // the first offset that was ever asked for
	Offset   int64
	Resume   int64
	Outcomes Outcomes
	Lost     []Lost // merged where they adjoin; the newest MaxLost, older ones only in LostOffsets
	// LostOffsets is the sum of the lost ranges' lengths by reason.
	LostOffsets map[LostReason]uint64
	Newest      int64     // see Claim
	Updated     time.Time // of the last commit, by the store's clock
	Moves       []Move    // by operators, the newest MaxMoves
}

// Move is an operator's decision to go on from another offset, see Store.SetOffset.
type Move struct {
	From, To int64
	TopicID  TopicID // of the topic that was counted until then
	At       time.Time
}

// MaxMoves is the number of moves kept per partition.
const MaxMoves = 20

// MaxLost is the number of lost ranges kept per partition.
const MaxLost = 100

// Query selects counts: buckets in [From, To), and one service or env when not nil.
type Query struct {
	From, To Bucket
	Service  *string
	Env      *string
}

// Everything selects all counts of a store.
func Everything() Query { return Query{From: math.MinInt32, To: math.MaxInt32} }

// Errors of stores that callers tell apart.
var (
	// ErrLocked: another process has the store open.
	ErrLocked = errors.New("another process has it open")
	// ErrUnknownPartition: nothing was ever committed for a partition.
	ErrUnknownPartition = errors.New("nothing is stored of it")
	// ErrAway: the store cannot be reached, or is just starting; it may answer later.
	ErrAway = errors.New("the store is away")
	// ErrCorrupt: the store's content cannot be read.
	ErrCorrupt = errors.New("it is corrupt or no logproc store")
)

// Store keeps counts and offsets together. It is safe for concurrent use; the calls for one partition
// come from one worker at a time. An error means that nothing is known of the step: the caller tries
// the same Commit again, which is safe (Already).
type Store interface {
	Documents
	Facts
	// Claim issues a new fence for the partition and tells where to go on. Every earlier fence is void.
	Claim(ctx context.Context, tp TopicPartition) (Claim, error)
	// Commit applies c atomically, or not at all. It keeps nothing of c.
	Commit(ctx context.Context, c *Commit) (Result, error)
	// Counts calls f for all selected counts, summed over the partitions, one call per Key and Bucket,
	// in no particular order, until f returns an error.
	Counts(ctx context.Context, q Query, f func(Count) error) error
	// Forms does the same for the frequent forms of invalid keys.
	Forms(ctx context.Context, q Query, f func(Form) error) error
	// Ledgers gives the balance of every partition, ordered by topic and partition.
	Ledgers(ctx context.Context) ([]Ledger, error)
	// SetOffset makes the partition go on from offset, whatever topic id it then has, and voids every fence:
	// an operator's answer to a topic that was created again, or cut back. Counts stay. The error wraps
	// ErrUnknownPartition when nothing was ever committed for it. It gives the state of before.
	SetOffset(ctx context.Context, tp TopicPartition, offset int64) (Claim, error)
	// Expire deletes the counts, forms and facts of UTC days that end before the given bucket, the oldest first, but
	// about limit keys at most, so that commits do not wait for long. more tells that there is more to delete.
	Expire(ctx context.Context, before Bucket, limit int) (deleted int, more bool, err error)
	// StateID is the random id that the store's content got when it was made: it tells a store that came back
	// from the past from another one. It is asked for once, when the store is opened.
	StateID() string
	// Close releases the store; commits under way are finished.
	Close() error
}

// CommitError adds what was being committed to an error of a store.
func CommitError(c *Commit, err error) error {
	return fmt.Errorf("commit %s at offset %d: %w", c.TopicPartition, c.Next, err)
}
