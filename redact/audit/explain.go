package audit

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/keyring"
)

// Reason is a rule that had a say about a value.
type Reason struct {
	Rule     string `json:"rule"`
	Place    string `json:"place"` // file:line
	Operator string `json:"operator"`
	Finding  bool   `json:"finding"` // the rule is for what a detector finds, the marker names it
}

// Verdict says what became of a value.
type Verdict struct {
	Field   string   `json:"field"` // redacted
	Outcome string   `json:"outcome"`
	Reasons []Reason `json:"reasons"`
	Result  string   `json:"result"` // the redacted form

	raw string // the result before it was made fit for an example
}

// The outcomes of a Verdict.
const (
	Kept    = "kept"
	Hidden  = "hidden"
	Removed = "removed"
)

// Explainer explains what a policy does to records.
type Explainer struct {
	policy   *redact.Policy
	redactor *redact.Redactor
	names    *redact.Redactor // for names of fields, so that they do not count as hits
}

// NewExplainer explains p, in observe mode the policy that is observed. Without keys pseudonyms are shown
// as markers.
func NewExplainer(p *redact.Policy, k *keyring.Keyring) *Explainer {
	if p.Observed() != nil {
		p = p.Observed()
	}
	return &Explainer{policy: p, redactor: redact.NewRedactor(p, k, redact.Options{}), names: redact.NewRedactor(p, k, redact.Options{})}
}

// Explain gives a verdict for each value of the record, in their order; only for those of the field (a
// path with dots, or its last part) when one is given.
func (e *Explainer) Explain(record, service []byte, field string) []Verdict {
	list, isJSON := leavesOf(record)
	verdicts, _ := e.explain(list, isJSON, record, service)
	if field == "" {
		return verdicts
	}
	var wanted []Verdict
	for i, l := range list {
		if l.name == field || strings.HasSuffix(l.name, "."+field) {
			wanted = append(wanted, verdicts[i])
		}
	}
	return wanted
}

// explain gives a verdict for each value, and the redacted record.
func (e *Explainer) explain(list []leaf, isJSON bool, record, service []byte) ([]Verdict, []byte) {
	e.redactor.Hits().Reset()
	redacted := e.apply(record, service)
	hits := e.redactor.Hits().List()
	became := resultsOf(redacted, isJSON)
	names := make(map[string]bool, len(list))
	for i := range list {
		names[list[i].name] = true
	}
	verdicts := make([]Verdict, len(list))
	for i := range list {
		l := &list[i]
		v := Verdict{Field: e.name(l), Outcome: Kept, Reasons: e.reasons(l, names, service, hits)}
		text, ok := became.take(l.name)
		switch {
		case !ok:
			v.Outcome = Removed
		case text != l.text:
			v.Outcome, v.Result = Hidden, text
		default:
			v.Result = text
		}
		verdicts[i] = v
	}
	return verdicts, redacted
}

func (e *Explainer) apply(record, service []byte) []byte {
	return slices.Clone(e.redactor.Apply(redact.Source{Value: record, Service: service}).Value())
}

// name gives the place of a value, for people.
func (e *Explainer) name(l *leaf) string {
	if len(l.path) == 0 {
		return "(text)"
	}
	return e.names.Label([]byte(l.name), "field").String()
}

// reasons gives the rule for the field, then the rules whose findings are in it. Hits below its name are
// those inside of JSON in a string, unless the name is that of another value.
func (e *Explainer) reasons(l *leaf, names map[string]bool, service []byte, hits []redact.Hit) (list []Reason) {
	rule, found := e.policy.RuleFor(redact.Topic, service, l.path)
	if found {
		list = append(list, e.reason(rule, e.policy.RuleOperator(rule), false))
	}
	for _, h := range hits {
		if h.N > 0 && h.Rule != rule && (h.Field == l.name || !names[h.Field] && strings.HasPrefix(h.Field, l.name+".")) {
			list = append(list, e.reason(h.Rule, h.Operator.String(), true))
		}
	}
	return list
}

func (e *Explainer) reason(rule int, operator string, finding bool) Reason {
	return Reason{Rule: e.policy.RuleName(rule), Place: e.policy.RulePlace(rule), Operator: operator, Finding: finding}
}

// maxShown bounds what is shown of a result.
const maxShown = 120

// WriteText writes verdicts as a table: field, outcome, result, reasons.
func WriteText(w io.Writer, verdicts []Verdict) error {
	width := 0
	for _, v := range verdicts {
		width = max(width, min(len(v.Field), 40))
	}
	for _, v := range verdicts {
		result := v.Result
		if runes := []rune(result); len(runes) > maxShown {
			result = string(runes[:maxShown]) + "…"
		}
		if _, err := fmt.Fprintf(w, "%-*s  %-7s  %s\n%*s  %s\n", width, v.Field, v.Outcome, strconv.Quote(result), width, "", v.why()); err != nil {
			return err
		}
	}
	return nil
}

// why puts the reasons into words.
func (v *Verdict) why() string {
	if len(v.Reasons) == 0 {
		if v.Outcome == Kept {
			return "no rule for the field, and the detectors found nothing"
		}
		return "no rule for the field by itself; its name, a limit, the mode or what is around it does"
	}
	var parts []string
	for _, r := range v.Reasons {
		what := "rule " + r.Rule
		if r.Finding {
			what = "found by rule " + r.Rule
		}
		if r.Place != "" {
			what += " (" + r.Place + ")"
		}
		parts = append(parts, what+": "+r.Operator)
	}
	return strings.Join(parts, "; ")
}
