package audit

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/keyring"
)

// Report says what a policy is and what it did to a sample. There is no personal data in it: words of
// the policy, numbers, and names of fields that went through the redactor themselves.
type Report struct {
	Policy       PolicyInfo        `json:"policy"`
	Keys         []KeyInfo         `json:"keys"`
	Records      uint64            `json:"records"`
	Changed      uint64            `json:"changed"`
	Bytes        uint64            `json:"bytes"`
	LongestValue int               `json:"longest_value_bytes"`
	Withheld     map[string]uint64 `json:"withheld"` // by reason
	// WithheldShare is the share of the records in which something was withheld because it could not be handled.
	WithheldShare float64   `json:"withheld_share"`
	Hits          []HitInfo `json:"hits"`
	Unclassified  []string  `json:"unclassified_fields"` // met, and no rule is for them
	Silent        []string  `json:"silent_rules"`        // neither hit nor deciding about a field
}

// PolicyInfo is what identifies a policy.
type PolicyInfo struct {
	ID       string   `json:"id"`
	Hash     string   `json:"sha256"`
	Mode     string   `json:"mode"`
	Rules    int      `json:"rules"`
	Tests    int      `json:"tests_passed"`
	Warnings []string `json:"warnings"`
}

// KeyInfo is what may be known about a key.
type KeyInfo struct {
	ID      int    `json:"id"`
	State   string `json:"state"`
	AgeDays int    `json:"age_days"`
}

// HitInfo is how often a rule was applied to a field.
type HitInfo struct {
	Rule     string `json:"rule"`
	Field    string `json:"field"`
	Operator string `json:"operator"`
	Count    uint64 `json:"count"`
}

// Reporter collects a Report.
type Reporter struct {
	policy       *redact.Policy
	applied      *redact.Policy // the policy itself, or the one that it observes
	keys         *keyring.Keyring
	redactor     *redact.Redactor
	names        *redact.Redactor // for names of fields, so that they do not count as hits
	longest      int
	withheld     uint64 // records
	decided      []bool // by rule
	unclassified map[string]struct{}
}

// maxUnclassified bounds the names of fields that are listed.
const maxUnclassified = 10_000

// NewReporter reports on p with the keys k, which may be nil. In observe mode the hits are those of the
// policy that is observed.
func NewReporter(p *redact.Policy, k *keyring.Keyring) *Reporter {
	applied := p
	if p.Observed() != nil {
		applied = p.Observed()
	}
	return &Reporter{policy: p, applied: applied, keys: k, redactor: redact.NewRedactor(applied, k, redact.Options{}), names: redact.NewRedactor(applied, k, redact.Options{}),
		decided: make([]bool, applied.Rules()), unclassified: make(map[string]struct{})}
}

// Add takes in a record.
func (r *Reporter) Add(record, service []byte) {
	before := sum(r.redactor.Hits().Withheld[:])
	r.redactor.Apply(redact.Source{Value: record, Service: service})
	if sum(r.redactor.Hits().Withheld[:]) > before {
		r.withheld++
	}
	r.fields(record, service)
}

// AddKcat takes in a record in the form of kcat -J. The fields that are listed are those of its payload.
func (r *Reporter) AddKcat(line, service []byte) {
	before := sum(r.redactor.Hits().Withheld[:])
	r.redactor.KcatLine(line, service)
	if sum(r.redactor.Hits().Withheld[:]) > before {
		r.withheld++
	}
	r.fields(Payload(line), service)
}

// fields notes the fields of a record.
func (r *Reporter) fields(record, service []byte) {
	list, isJSON := leavesOf(record)
	for i := range list {
		l := &list[i]
		r.longest = max(r.longest, len(l.text))
		if isJSON {
			r.field(l, service)
		}
	}
}

// field notes which rule decides about a field, or that none does.
func (r *Reporter) field(l *leaf, service []byte) {
	if rule, ok := r.applied.RuleFor(redact.Topic, service, l.path); ok {
		r.decided[rule] = true
	} else if len(r.unclassified) < maxUnclassified {
		r.unclassified[r.names.Label([]byte(l.name), "field").String()] = struct{}{}
	}
}

func sum(counts []uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// Report gives what was collected; now is for the age of the keys.
func (r *Reporter) Report(now time.Time) *Report {
	hits := r.redactor.Hits()
	out := &Report{
		Policy:  PolicyInfo{ID: r.policy.Version(), Hash: r.policy.Hash(), Mode: r.policy.Mode().String(), Rules: r.applied.Rules(), Tests: r.applied.Tests(), Warnings: []string{}},
		Keys:    []KeyInfo{},
		Records: hits.Records, Changed: hits.Changed, Bytes: hits.Bytes, LongestValue: r.longest, Withheld: make(map[string]uint64),
		Hits: []HitInfo{}, Unclassified: make([]string, 0, len(r.unclassified)), Silent: []string{},
	}
	for _, w := range r.policy.Warnings() {
		out.Policy.Warnings = append(out.Policy.Warnings, w.Error())
	}
	for _, k := range r.keyInfos() {
		out.Keys = append(out.Keys, KeyInfo{ID: k.ID, State: k.State.String(), AgeDays: int(k.Age(now).Hours() / 24)})
	}
	for reason, n := range hits.Withheld {
		if n > 0 {
			out.Withheld[redact.Limit(reason).String()] = n
		}
	}
	if out.Records > 0 {
		out.WithheldShare = float64(r.withheld) / float64(out.Records)
	}
	r.hits(out, hits.List())
	for name := range r.unclassified {
		out.Unclassified = append(out.Unclassified, name)
	}
	slices.Sort(out.Unclassified)
	for i, decided := range r.decided {
		if !decided {
			out.Silent = append(out.Silent, r.applied.RuleName(i))
		}
	}
	return out
}

// hits adds the hits to the report. Those inside of JSON in a string tell of fields that no record has.
func (r *Reporter) hits(out *Report, list []redact.Hit) {
	for _, h := range list {
		if h.Rule >= 0 && h.Rule < len(r.decided) {
			r.decided[h.Rule] = true
		}
		if rule, ok := r.applied.RuleFor(redact.Topic, nil, bytes.Split([]byte(h.Field), []byte("."))); ok {
			r.decided[rule] = true
		}
		field := r.names.Label([]byte(h.Field), "field").String()
		out.Hits = append(out.Hits, HitInfo{Rule: r.applied.RuleName(h.Rule), Field: cmp.Or(field, "(text)"), Operator: h.Operator.String(), Count: h.N})
	}
}

func (r *Reporter) keyInfos() []keyring.Info {
	if r.keys == nil {
		return nil
	}
	return r.keys.List()
}

// WriteText writes the report for people.
func (p *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "policy %s, %s, sha256 %s\n", p.Policy.ID, p.Policy.Mode, p.Policy.Hash)
	fmt.Fprintf(&b, "%d rules, self-test: %d tests passed, %d warnings\n", p.Policy.Rules, p.Policy.Tests, len(p.Policy.Warnings))
	for _, warning := range p.Policy.Warnings {
		fmt.Fprintf(&b, "  %s\n", warning)
	}
	for _, k := range p.Keys {
		fmt.Fprintf(&b, "key k%d: %s, %d days old\n", k.ID, k.State, k.AgeDays)
	}
	fmt.Fprintf(&b, "\n%d records, %d changed, %d bytes, longest value %d bytes\n", p.Records, p.Changed, p.Bytes, p.LongestValue)
	fmt.Fprintf(&b, "something withheld in %.2f %% of the records\n", 100*p.WithheldShare)
	for _, reason := range sortedKeys(p.Withheld) {
		fmt.Fprintf(&b, "  %6d  %s\n", p.Withheld[reason], reason)
	}
	b.WriteString("\nhits: rule, field, operator\n")
	for _, h := range p.Hits {
		fmt.Fprintf(&b, "  %6d  %s  %s  %s\n", h.Count, h.Rule, h.Field, h.Operator)
	}
	listText(&b, "fields that no rule is for", p.Unclassified)
	listText(&b, "rules that never applied", p.Silent)
	_, err := io.WriteString(w, b.String())
	return err
}

func listText(b *strings.Builder, title string, list []string) {
	fmt.Fprintf(b, "\n%s: %d\n", title, len(list))
	for _, name := range list {
		fmt.Fprintf(b, "  %s\n", name)
	}
}

func sortedKeys(m map[string]uint64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
