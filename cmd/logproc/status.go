package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/logproc/logproc/internal/health"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/deadletter"
	"github.com/logproc/logproc/sinks/prom"
)

// statusReport is what /api/v1/status shows and `logproc status` prints.
type statusReport struct {
	Version    string            `json:"version"`
	Started    time.Time         `json:"started"`
	Ready      bool              `json:"ready"`
	NotReady   []string          `json:"not_ready,omitempty"`
	Checks     []health.Result   `json:"checks"`
	Partitions []partitionReport `json:"partitions"`
	// Correlation is missing when it is off.
	Correlation *correlationReport `json:"correlation,omitempty"`
	// Policy is the redaction policy in force.
	Policy policyReport `json:"redaction_policy"`
	// Redactions are the most frequent applications of its rules since the start; Withheld counts values that no
	// rule names, by reason.
	Redactions []redactionCount  `json:"redactions,omitempty"`
	Withheld   map[string]uint64 `json:"withheld,omitempty"`
	// Late and Future are the events since the start that count apart from any day.
	Late   uint64 `json:"late_events"`
	Future uint64 `json:"future_events"`
	// Refused names services beyond the limit of services, whose events count under the service _overflow.
	Refused []string `json:"services_beyond_limit,omitempty"`
	// Overflow names the services that used up a cardinality budget, the loudest first.
	Overflow []serviceCount `json:"overflow,omitempty"`
	// Invalid names the services whose keys break the naming convention, with the rule, and InvalidForms
	// the most frequent shapes of such keys since the start.
	Violations   []violationCount   `json:"naming_violations,omitempty"`
	InvalidForms []formCount        `json:"invalid_forms,omitempty"`
	DeadLetters  []deadletter.Entry `json:"recent_dead_letters,omitempty"`
	LettersLost  uint64             `json:"dead_letters_not_written,omitempty"`
	Mails        []mailReport       `json:"summaries,omitempty"`
}

// policyReport says which redaction policy is in force, and why a newer file is not.
type policyReport struct {
	ID      string `json:"id"`
	Hash    string `json:"hash"`
	Refused string `json:"refused,omitempty"`
}

type redactionCount struct {
	Rule     string `json:"rule"`
	Field    string `json:"field"`
	Operator string `json:"operator"`
	Values   uint64 `json:"values"`
}

// partitionReport is the ledger of one partition: fetched = counted + dead_lettered + skipped + discarded + pending.
type partitionReport struct {
	Topic        string                       `json:"topic"`
	Partition    int32                        `json:"partition"`
	Assigned     bool                         `json:"assigned"`
	Offset       int64                        `json:"offset"`
	End          int64                        `json:"end"`
	Lag          int64                        `json:"lag_records"`
	LagSeconds   float64                      `json:"lag_seconds"`
	IdleSeconds  float64                      `json:"idle_seconds"`
	Fetched      uint64                       `json:"fetched"`
	Counted      uint64                       `json:"counted"`
	DeadLettered uint64                       `json:"dead_lettered"`
	Skipped      uint64                       `json:"skipped"`
	Discarded    uint64                       `json:"discarded"`
	Pending      uint64                       `json:"pending"`
	Balanced     bool                         `json:"balanced"`
	Lost         map[rollup.LostReason]uint64 `json:"lost,omitempty"`
	Error        string                       `json:"error,omitempty"`
}

type serviceCount struct {
	Service string `json:"service"`
	Events  uint64 `json:"events"`
}

type violationCount struct {
	Service string `json:"service"`
	Rule    string `json:"rule"`
	Records uint64 `json:"records"`
}

type formCount struct {
	Service string `json:"service"`
	Env     string `json:"env"`
	Form    string `json:"form"`
	Events  uint64 `json:"events"`
}

func (i *instance) status() statusReport {
	reasons := i.health.NotReady()
	r := statusReport{
		Version: versionText(), Started: i.started, Ready: len(reasons) == 0, NotReady: reasons, Checks: i.health.Results(),
		Refused: texts(i.pipeline.Refused()), DeadLetters: i.letters.Recent(), LettersLost: i.letters.Failed(), Partitions: []partitionReport{},
	}
	for _, s := range i.pipeline.Status() {
		r.Partitions = append(r.Partitions, reportOf(&s))
	}
	r.Policy, r.Mails = i.policy.report(), i.mails()
	r.Correlation = i.correlation.report(i.cfg.Correlate.Mode)
	i.overflow.fill(&r)
	return r
}

func reportOf(s *pipeline.Status) partitionReport {
	p := partitionReport{
		Topic: s.Topic, Partition: s.Partition, Assigned: s.Assigned, Offset: s.Offset, End: s.End, Lag: s.Lag,
		LagSeconds: s.LagTime.Seconds(), IdleSeconds: s.IdleTime.Seconds(), Fetched: s.Fetched, Counted: s.Outcomes.Counted,
		DeadLettered: s.Outcomes.DeadLettered, Skipped: s.Outcomes.Skipped, Discarded: s.Discarded, Pending: s.Pending, Lost: s.Lost,
	}
	p.Balanced = s.Balanced()
	if s.Err != nil {
		p.Error = s.Err.Error()
	}
	return p
}

// offenders passes commits on to the exporter and remembers who broke a budget or the convention. All
// its tables are bounded by the services that the pipeline admits and by maxStatusForms.
type offenders struct {
	*prom.Exporter
	keyCounter

	mu         sync.Mutex
	overflow   map[string]uint64
	violations map[violationCount]uint64 // Records is zero in the keys
	forms      map[formCount]uint64      // Events is zero in the keys
	redactions map[redactionCount]uint64 // Values is zero in the keys
	withheld   map[string]uint64
	late       uint64
	future     uint64
}

const (
	maxStatusForms = 1000
	topInStatus    = 20
)

func newOffenders(e *prom.Exporter) *offenders {
	return &offenders{Exporter: e, keyCounter: keyCounter{counts: map[string]uint64{}}, overflow: map[string]uint64{}, violations: map[violationCount]uint64{}, forms: map[formCount]uint64{},
		redactions: map[redactionCount]uint64{}, withheld: map[string]uint64{}}
}

// Committed implements pipeline.Metrics.
func (o *offenders) Committed(c *rollup.Commit, took time.Duration) {
	o.Exporter.Committed(c, took)
	o.add(c.Counts)
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range c.Overflowed {
		o.overflow[s.Service.String()] += s.N
	}
	for _, v := range c.Violations {
		o.violations[violationCount{Service: v.Service.String(), Rule: v.Rule}] += v.N
	}
	for _, r := range c.Redactions {
		k := redactionCount{Rule: r.Rule, Field: r.Field, Operator: r.Operator}
		if _, known := o.redactions[k]; known || len(o.redactions) < maxStatusForms {
			o.redactions[k] += r.N
		}
	}
	for _, w := range c.Withheld {
		o.withheld[w.Reason] += w.N
	}
	o.late, o.future = o.late+c.Late, o.future+c.Future
	for _, f := range c.Forms {
		k := formCount{Service: f.Service.String(), Env: f.Env.String(), Form: f.Text.String()}
		if _, known := o.forms[k]; known || len(o.forms) < maxStatusForms {
			o.forms[k] += f.N
		}
	}
}

func (o *offenders) fill(r *statusReport) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r.Late, r.Future = o.late, o.future
	for service, n := range o.overflow {
		r.Overflow = append(r.Overflow, serviceCount{service, n})
	}
	for v, n := range o.violations {
		v.Records = n
		r.Violations = append(r.Violations, v)
	}
	for f, n := range o.forms {
		f.Events = n
		r.InvalidForms = append(r.InvalidForms, f)
	}
	for k, n := range o.redactions {
		k.Values = n
		r.Redactions = append(r.Redactions, k)
	}
	slices.SortFunc(r.Redactions, func(a, b redactionCount) int {
		return cmp.Or(cmp.Compare(b.Values, a.Values), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Operator, b.Operator))
	})
	r.Withheld, r.Redactions = maps.Clone(o.withheld), first(r.Redactions)
	slices.SortFunc(r.Overflow, func(a, b serviceCount) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Service, b.Service))
	})
	slices.SortFunc(r.Violations, func(a, b violationCount) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Rule, b.Rule))
	})
	slices.SortFunc(r.InvalidForms, func(a, b formCount) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Form, b.Form))
	})
	r.Overflow, r.Violations, r.InvalidForms = first(r.Overflow), first(r.Violations), first(r.InvalidForms)
}

func first[T any](list []T) []T { return list[:min(len(list), topInStatus)] }

type statusCommand struct {
	URL  string `default:"http://127.0.0.1:9188" help:"Address of the running instance."`
	JSON bool   `name:"json" help:"Print the answer as it is."`
}

func (statusCommand) Help() string {
	return `Asks a running instance how it is: its ledger per partition (fetched = counted + dead-lettered + skipped + discarded +
pending), lag, health, and which services break the naming convention or a budget. The exit code is 1 when it is not ready
or a ledger does not balance.

Example:
  logproc status --url http://127.0.0.1:9188`
}

func (c *statusCommand) Run(ctx context.Context, std streams) error {
	if !strings.Contains(c.URL, "://") {
		c.URL = "http://" + c.URL
	}
	body, err := get(ctx, strings.TrimRight(c.URL, "/")+"/api/v1/status")
	if err != nil {
		return err
	}
	var r statusReport
	if err := json.Unmarshal(body, &r); err != nil {
		return fmt.Errorf("read the status at %s: it is not what logproc answers, expected the address of its listener", c.URL)
	}
	if c.JSON {
		_, err = std.out.Write(body)
	} else {
		err = printStatus(std.out, &r)
	}
	if err != nil {
		return err
	}
	for _, p := range r.Partitions {
		if !p.Balanced {
			return errFindings
		}
	}
	if !r.Ready {
		return errFindings
	}
	return nil
}

func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", url, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the running instance: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask %s: the answer is %s", url, resp.Status)
	}
	return body, nil
}

func printStatus(out io.Writer, r *statusReport) error {
	state := "ready"
	if !r.Ready {
		state = "NOT READY"
	}
	_, _ = fmt.Fprintf(out, "logproc %s, up since %s, %s\n", r.Version, r.Started.Format(time.RFC3339), state)
	for _, reason := range r.NotReady {
		_, _ = fmt.Fprintf(out, "  %s\n", reason)
	}
	_, _ = fmt.Fprintln(out)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "partition\toffset\tlag\tfetched\tcounted\tdead-lettered\tskipped\tdiscarded\tpending\tlost\tbalanced\t")
	for _, p := range r.Partitions {
		var lost uint64
		for _, n := range p.Lost {
			lost += n
		}
		_, _ = fmt.Fprintf(t, "%s/%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%t\t\n", p.Topic, p.Partition, p.Offset, p.Lag, p.Fetched, p.Counted,
			p.DeadLettered, p.Skipped, p.Discarded, p.Pending, lost, p.Balanced)
	}
	err := t.Flush()
	for _, p := range r.Partitions {
		if p.Error != "" {
			_, _ = fmt.Fprintf(out, "\n%s/%d: %s\n", p.Topic, p.Partition, p.Error)
		}
	}
	printCorrelation(out, r.Correlation)
	printOffenders(out, r)
	printMails(out, r.Mails)
	return err
}

func printOffenders(out io.Writer, r *statusReport) {
	section := func(title string, n int) {
		if n > 0 {
			_, _ = fmt.Fprintf(out, "\n%s:\n", title)
		}
	}
	_, _ = fmt.Fprintf(out, "\nredaction policy %s (%s)\n", r.Policy.ID, r.Policy.Hash)
	if r.Policy.Refused != "" {
		_, _ = fmt.Fprintf(out, "  its file has changed and is refused: %s\n", r.Policy.Refused)
	}
	if r.Late+r.Future > 0 {
		_, _ = fmt.Fprintf(out, "\nevents apart from any day: %d older than the retention, %d too far ahead\n", r.Late, r.Future)
	}
	section("redacted, by rule", len(r.Redactions))
	for _, c := range r.Redactions {
		_, _ = fmt.Fprintf(out, "%10d  %s: %s %s\n", c.Values, c.Rule, c.Operator, c.Field)
	}
	section("withheld", len(r.Withheld))
	for _, reason := range slices.Sorted(maps.Keys(r.Withheld)) {
		_, _ = fmt.Fprintf(out, "%10d  %s\n", r.Withheld[reason], reason)
	}
	section("services beyond the limit, counted under _overflow", len(r.Refused))
	for _, name := range r.Refused {
		_, _ = fmt.Fprintf(out, "            %s\n", name)
	}
	section("over their cardinality budget, counted under _overflow", len(r.Overflow))
	for _, o := range r.Overflow {
		_, _ = fmt.Fprintf(out, "%10d  %s\n", o.Events, o.Service)
	}
	section("against the naming convention", len(r.Violations))
	for _, v := range r.Violations {
		_, _ = fmt.Fprintf(out, "%10d  %s: %s\n", v.Records, v.Service, v.Rule)
	}
	section("most frequent forms of invalid keys", len(r.InvalidForms))
	for _, f := range r.InvalidForms {
		_, _ = fmt.Fprintf(out, "%10d  %s: %s\n", f.Events, f.Service, f.Form)
	}
	section("newest dead letters", len(r.DeadLetters))
	for _, d := range r.DeadLetters[max(0, len(r.DeadLetters)-10):] {
		_, _ = fmt.Fprintf(out, "            %s/%d offset %d: %s\n", d.Topic, d.Partition, d.Offset, d.Reason)
	}
}

var errNoSource = errors.New("nothing to read: give --brokers and --topic (or --kafka.topic_pattern), or a configuration file with -c")

func texts(list []redact.Text) (names []string) {
	for _, t := range list {
		names = append(names, t.String())
	}
	return names
}
