package summary

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/logproc/logproc/rollup"
)

// The shape of the JSON form of reports. Fields are only ever added; docs/summary.md describes them.
type reportsJSON struct {
	Generated *time.Time   `json:"generated,omitempty"`
	Reports   []reportJSON `json:"reports"`
	Lost      []lostRow    `json:"lost"`
}

type reportJSON struct {
	summaryJSON
	New        []newJSON           `json:"new,omitempty"`
	Silent     []silentJSON        `json:"silent,omitempty"`
	Movers     []moverJSON         `json:"movers,omitempty"`
	Violations []ruleJSON          `json:"violations,omitempty"`
	Redactions []redactionJSON     `json:"redactions,omitempty"`
	Slowest    []operationJSON     `json:"slowest,omitempty"`
	Findings   []findingJSON       `json:"findings,omitempty"`
	Trends     map[string][]uint64 `json:"trends,omitempty"`
	Complete   *completeJSON       `json:"complete,omitempty"`
}

type newJSON struct {
	Key   string `json:"key"`
	Level string `json:"level"`
	Count uint64 `json:"count"`
}

type silentJSON struct {
	Key    string  `json:"key"`
	Median float64 `json:"median"`
	Last   string  `json:"last_seen"`
}

type moverJSON struct {
	Key    string  `json:"key"`
	Count  uint64  `json:"count"`
	Median float64 `json:"median"`
	Score  float64 `json:"score"`
}

type ruleJSON struct {
	Rule    string `json:"rule"`
	Count   uint64 `json:"count"`
	Example string `json:"example,omitempty"`
	Suggest string `json:"suggest,omitempty"`
}

type redactionJSON struct {
	Rule   string  `json:"rule"`
	Count  uint64  `json:"count"`
	Median float64 `json:"median"`
	Leaks  bool    `json:"leaks"`
}

type operationJSON struct {
	Key   string  `json:"key"`
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_seconds"`
	P95   float64 `json:"p95_seconds"`
	P99   float64 `json:"p99_seconds"`
}

type findingJSON struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Count uint64 `json:"count"`
}

type completeJSON struct {
	Share float64   `json:"share"`
	Upto  time.Time `json:"upto,omitzero"`
	Late  uint64    `json:"late"`
	Lost  uint64    `json:"lost"`
	Lag   uint64    `json:"lag"`
}

// ReportJSON writes reports as one JSON document, with all their keys and rows.
func ReportJSON(w io.Writer, reports []rollup.Report, opts ReportOptions) error {
	doc := reportsJSON{Reports: make([]reportJSON, 0, len(reports)), Lost: lostRows(opts.Ledgers)}
	if !opts.Generated.IsZero() {
		generated := opts.Generated.UTC()
		doc.Generated = &generated
	}
	if doc.Lost == nil {
		doc.Lost = []lostRow{}
	}
	for i := range reports {
		doc.Reports = append(doc.Reports, reportJSONOf(&reports[i]))
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(doc); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func reportJSONOf(r *rollup.Report) reportJSON {
	j := reportJSON{summaryJSON: jsonOf(&r.Summary, nil)}
	for _, k := range r.NewKeys {
		j.New = append(j.New, newJSON{k.Msg.String(), k.Level.String(), k.N})
	}
	for _, k := range r.Silent {
		j.Silent = append(j.Silent, silentJSON{k.Msg.String(), k.Median, k.Last.String()})
	}
	for _, m := range r.Movers {
		j.Movers = append(j.Movers, moverJSON{m.Msg.String(), m.N, m.Median, m.Score})
	}
	for _, v := range r.Violations {
		j.Violations = append(j.Violations, ruleJSON{v.Rule, v.N, v.Example.String(), v.Suggest})
	}
	for _, c := range r.Redactions {
		j.Redactions = append(j.Redactions, redactionJSON{c.Rule, c.N, c.Median, c.Leaks})
	}
	for _, o := range r.Slowest {
		j.Slowest = append(j.Slowest, operationJSON{o.Msg.String(), o.N, o.P50, o.P95, o.P99})
	}
	for _, f := range r.Findings {
		j.Findings = append(j.Findings, findingJSON{f.Kind, f.Name.String(), f.N})
	}
	for msg, days := range r.Trends {
		if j.Trends == nil {
			j.Trends = make(map[string][]uint64, len(r.Trends))
		}
		j.Trends[msg.String()] = days
	}
	if c := r.Complete; c != (rollup.Completeness{}) {
		j.Complete = &completeJSON{c.Share, c.Upto, c.Late, c.Lost, c.Lag}
	}
	return j
}
