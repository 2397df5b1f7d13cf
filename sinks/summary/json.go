package summary

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/logproc/logproc/rollup"
)

// The shape of the JSON form. Fields are only ever added; docs/summary.md describes them.
type document struct {
	Generated *time.Time    `json:"generated,omitempty"`
	Summaries []summaryJSON `json:"summaries"`
	Lost      []lostRow     `json:"lost"`
}

type summaryJSON struct {
	Service  string            `json:"service"`
	Env      string            `json:"env"`
	Day      string            `json:"day"`
	Zone     string            `json:"zone"`
	Hours    float64           `json:"hours"`
	Priority string            `json:"priority"`
	Total    uint64            `json:"total"`
	Keys     []keyJSON         `json:"keys"`
	Events   uint64            `json:"events"`
	Levels   map[string]uint64 `json:"levels"`
	Invalid  invalidJSON       `json:"invalid"`
	Missing  uint64            `json:"missing"`
	Unparsed uint64            `json:"unparsed"`
	Overflow uint64            `json:"overflow"`
	Previous *previousJSON     `json:"previous,omitempty"`
}

type previousJSON struct {
	Day   string `json:"day"`
	Total uint64 `json:"total"`
}

type keyJSON struct {
	Key      string  `json:"key"`
	Level    string  `json:"level"`
	Count    uint64  `json:"count"`
	Previous *uint64 `json:"previous,omitempty"`
}

type invalidJSON struct {
	Events    uint64     `json:"events"`
	Forms     []formJSON `json:"forms"`
	MoreForms int        `json:"more_forms"`
}

type formJSON struct {
	Form  string `json:"form"`
	Count uint64 `json:"count"`
}

// JSON writes the summaries as one JSON document. Keys are as they were logged, but for bytes that are
// no UTF-8, which JSON cannot hold: they become U+FFFD.
func JSON(w io.Writer, summaries []rollup.Summary, opts Options) error {
	doc := document{Summaries: make([]summaryJSON, 0, len(summaries)), Lost: lostRows(opts.Ledgers)}
	if !opts.Generated.IsZero() {
		generated := opts.Generated.UTC()
		doc.Generated = &generated
	}
	if doc.Lost == nil {
		doc.Lost = []lostRow{}
	}
	for _, s := range opts.withGone(summaries) {
		doc.Summaries = append(doc.Summaries, jsonOf(&s, opts.previous(&s)))
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(doc); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

func jsonOf(s, before *rollup.Summary) summaryJSON {
	j := summaryJSON{
		Service: s.Service.String(), Env: s.Env.String(), Day: s.Day.String(), Zone: s.Zone, Hours: s.DayLength.Hours(),
		Priority: priority(s), Total: s.Total, Keys: make([]keyJSON, 0, len(s.Lines)),
		Events: s.Events, Levels: make(map[string]uint64, len(s.Levels)),
		Invalid: invalidJSON{Events: s.Invalid, Forms: make([]formJSON, 0, len(s.InvalidForms)), MoreForms: s.MoreForms},
		Missing: s.Missing, Unparsed: s.Unparsed, Overflow: s.Overflow,
	}
	if before != nil {
		j.Previous = &previousJSON{Day: before.Day.String(), Total: before.Total}
	}
	for _, l := range compared(s, before) {
		key := keyJSON{Key: l.Msg.String(), Level: l.Level.String(), Count: l.N}
		if before != nil {
			key.Previous = &l.Previous
		}
		j.Keys = append(j.Keys, key)
	}
	for _, l := range s.Levels {
		j.Levels[l.Level.String()] = l.N
	}
	for _, f := range s.InvalidForms {
		j.Invalid.Forms = append(j.Invalid.Forms, formJSON{Form: f.Text.String(), Count: f.N})
	}
	return j
}

// priority names which events the keys and the total are made of.
func priority(s *rollup.Summary) string {
	if s.AllLevels {
		return "all"
	}
	return "attention"
}
