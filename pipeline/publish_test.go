package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/rules"
)

// publisher keeps what it is given, and panics once, at the panicAt-th record, when that is not 0.
type publisher struct {
	panicAt int
	added   int
	values  map[int64]string
	order   []int64
}

func (p *publisher) Writer(rollup.TopicPartition) pipeline.RecordWriter { return p }

func (p *publisher) Add(_ context.Context, r redact.Redacted, offset, _ int64) error {
	if p.added++; p.added == p.panicAt {
		panic("a defect")
	}
	p.values[offset] = string(r.Value())
	p.order = append(p.order, offset)
	return nil
}

func (p *publisher) Flush(context.Context) error { return nil }
func (p *publisher) Close()                      {}

// hiding hides the field note in the records of service a only.
const hiding = `
version: 1
id: test
rules:
  - {rule: notes, names: [note], services: [a], operator: replace, as: secret}
`

func notes(n int) (log *fakeLog, want map[int64]string) {
	log, want = newLog(), make(map[int64]string)
	add := func(line, redacted string) {
		if redacted != "" {
			want[int64(len(log.records))] = redacted
		}
		log.append(line)
	}
	for i := range n {
		switch i % 10 {
		case 3:
			add(`2026-11-20T12:00:00Z stdout P {"service":"a",`, "")
			add(`2026-11-20T12:00:00Z stdout F "note":"x"}`, `{"service":"a","note":"<secret>"}`)
		case 7:
			add(`no JSON from 192.0.2.7`, `no JSON from <ip>`)
		default:
			service := string(rune('a' + i%3))
			line := fmt.Sprintf(`{"service":%q,"msg":"one-ok","note":"n%d"}`, service, i)
			if service == "a" {
				add(line, strings.Replace(line, fmt.Sprintf(`"n%d"`, i), `"<secret>"`, 1))
			} else {
				add(line, line)
			}
		}
	}
	return log, want
}

func TestEveryRecordIsPublishedOnce(t *testing.T) {
	policy, err := redact.LoadPolicy("policy.yaml", []byte(hiding), redact.LoadOptions{SkipTest: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range []int{1, 7, 500} {
		for _, panicAt := range []int{0, 100} {
			synctest.Test(t, func(t *testing.T) {
				log, want := notes(150)
				out := &publisher{panicAt: panicAt, values: make(map[int64]string)}
				p, err := pipeline.New(pipeline.Config{
					Source: single(log, batch), Store: memstore.New(time.Now), Naming: rules.DefaultNaming(),
					Redaction: pipeline.Redaction{Policy: policy}, Publisher: out, CommitRecords: 1, Finite: true,
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := p.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				for offset, value := range want {
					if out.values[offset] != value {
						t.Errorf("batches of %d: offset %d is %q, want %q", batch, offset, out.values[offset], value)
					}
				}
				if len(out.values) != len(want) || panicAt == 0 && len(out.order) != len(want) {
					t.Errorf("batches of %d: %d records, %d of them different, want %d", batch, len(out.order), len(out.values), len(want))
				}
				for i := 1; i < len(out.order) && panicAt == 0; i++ {
					if out.order[i] <= out.order[i-1] {
						t.Errorf("batches of %d: offset %d after %d", batch, out.order[i], out.order[i-1])
					}
				}
				balanced(t, p)
			})
		}
	}
}
