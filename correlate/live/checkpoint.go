package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/rollup"
)

// checkpoint is what a group has given out, by partition. It is one document, written in one step: of a request with
// records in several partitions all are read again, or none.
type checkpoint struct {
	Partitions map[string]position `json:"partitions"`
}

// position is where the next owner of a partition goes on.
type position struct {
	TopicID  rollup.TopicID `json:"topic_id,omitempty"`
	Fence    rollup.Fence   `json:"fence"`
	ClosedTo int64          `json:"closed_to_unix_ns"`
	Seen     bool           `json:"seen"`
	ReadFrom int64          `json:"read_from"`
	From     int64          `json:"from"`
	Time     int64          `json:"time_unix_ns"`
}

// errCheckpoint is what is wrong with a stored checkpoint.
var errCheckpoint = errors.New("the stored checkpoint of correlation cannot be read, expected JSON as written by this program")

func (c *Correlator) checkpointName() string { return "correlate/checkpoint/" + c.cfg.Group }

func (c *Correlator) stored(ctx context.Context) (doc rollup.Document, list checkpoint, err error) {
	doc, err = c.cfg.Store.Document(ctx, c.checkpointName())
	if err != nil {
		return doc, list, fmt.Errorf("read the checkpoint of correlation: %w", err)
	}
	if doc.Version > 0 && json.Unmarshal(doc.Value, &list) != nil {
		list, err = checkpoint{}, errCheckpoint
	}
	if list.Partitions == nil {
		list.Partitions = make(map[string]position)
	}
	return doc, list, err
}

// begin is where an input begins.
type begin struct {
	correlate.InputCheckpoint
	Fresh bool // nothing is stored of it yet
}

// load gives where the last owner of a partition was.
func (c *Correlator) load(ctx context.Context, a Assignment) (begin, error) {
	var p position
	err := c.retry(ctx, "read", func() error {
		_, list, err := c.stored(ctx)
		if errors.Is(err, errCheckpoint) {
			c.cfg.Logger.Error("open requests of the last run are lost", "error", err)
			return nil
		}
		p = list.Partitions[a.key()]
		return err
	})
	if !p.Seen || p.TopicID != a.TopicID {
		fresh := correlate.Position{Seen: true, ReadFrom: a.Resume, From: a.Resume, Time: correlate.NothingClosed}
		return begin{correlate.InputCheckpoint{ClosedTo: correlate.NothingClosed, Position: fresh}, true}, err
	}
	at := correlate.Position{Seen: true, ReadFrom: p.ReadFrom, From: p.From, Time: p.Time}
	return begin{correlate.InputCheckpoint{ClosedTo: p.ClosedTo, Position: at}, false}, err
}

// Sources gives the sources of a partition that the checkpoint knows: each is to be opened before the partition is read.
func (c *Correlator) Sources(ctx context.Context, tp rollup.TopicPartition) (list []string, err error) {
	failed := c.do(ctx, true, func(ctx context.Context) {
		err = c.retry(ctx, "read the checkpoint", func() error {
			_, stored, err := c.stored(ctx)
			if errors.Is(err, errCheckpoint) {
				return nil // load says so
			}
			list = list[:0]
			for name := range stored.Partitions {
				if of, source, ok := strings.Cut(name, sourceSeparator); ok && of == tp.String() {
					list = append(list, source)
				}
			}
			return err
		})
	})
	return list, errors.Join(failed, err)
}

// errSwapped: another process has written the checkpoint in between.
var errSwapped = errors.New("the checkpoint was changed by another process")

// save stores where all inputs are.
func (c *Correlator) save(ctx context.Context) error {
	doc, list, err := c.stored(ctx)
	if err != nil && !errors.Is(err, errCheckpoint) {
		return err
	}
	for in, s := range c.inputs {
		name, at := s.key(), c.engine.CheckpointInput(in)
		if before, ok := list.Partitions[name]; !at.Seen || ok && before.TopicID == s.TopicID && before.Fence > s.Fence {
			continue
		}
		list.Partitions[name] = position{TopicID: s.TopicID, Fence: s.Fence, ClosedTo: at.ClosedTo, Seen: at.Seen, ReadFrom: at.ReadFrom, From: at.From, Time: at.Time}
	}
	if doc.Value, err = json.Marshal(list); err != nil {
		return fmt.Errorf("encode the checkpoint of correlation: %w", err)
	}
	doc.Name = c.checkpointName()
	swapped, err := c.cfg.Store.SwapDocument(ctx, doc)
	if err == nil && !swapped {
		err = errSwapped
	}
	if err != nil {
		return fmt.Errorf("store the checkpoint of correlation: %w", err)
	}
	return nil
}
