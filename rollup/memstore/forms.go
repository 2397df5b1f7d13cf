package memstore

import (
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// forms holds the frequent forms of each UTC day, service and env: at most rollup.MaxForms.
type forms map[formOwner]map[redact.Text]formCounts

type formOwner struct {
	day          int32
	service, env redact.Text
}

// formCounts are the counts of one form by quarter-hour of its day.
type formCounts map[rollup.Bucket]uint64

func (f forms) add(added []rollup.Form) {
	touched := make(map[formOwner]struct{})
	for i := range added {
		if added[i].N == 0 {
			continue
		}
		form := added[i].Bounded()
		owner := formOwner{form.Bucket.UTCDay(), form.Service, form.Env}
		touched[owner] = struct{}{}
		if f[owner] == nil {
			f[owner] = make(map[redact.Text]formCounts)
		}
		if f[owner][form.Text] == nil {
			f[owner][form.Text] = make(formCounts)
		}
		counts := f[owner][form.Text]
		counts[form.Bucket] = rollup.Sum(counts[form.Bucket], form.N)
	}
	for owner := range touched {
		f.bound(owner)
	}
}

// bound drops the least frequent forms beyond rollup.MaxForms.
func (f forms) bound(owner formOwner) {
	if len(f[owner]) <= rollup.MaxForms {
		return
	}
	totals := make([]rollup.FormCount, 0, len(f[owner]))
	for text, counts := range f[owner] {
		total := rollup.FormCount{Text: text}
		for _, n := range counts {
			total.N = rollup.Sum(total.N, n)
		}
		totals = append(totals, total)
	}
	rollup.SortForms(totals)
	for _, least := range totals[rollup.MaxForms:] {
		delete(f[owner], least.Text)
	}
}

func (f forms) selected(q rollup.Query) []rollup.Form {
	var list []rollup.Form
	for owner, texts := range f {
		for text, counts := range texts {
			for bucket, n := range counts {
				if q.Selects(owner.service, owner.env, bucket) {
					list = append(list, rollup.Form{Service: owner.service, Env: owner.env, Text: text, Bucket: bucket, N: n})
				}
			}
		}
	}
	return list
}

func (f forms) expire(before rollup.Bucket) {
	for owner := range f {
		if rollup.Expired(rollup.BucketAt(owner.day, 0), before) {
			delete(f, owner)
		}
	}
}
