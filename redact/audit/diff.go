package audit

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/keyring"
)

// Change is what a new policy does otherwise, for one field.
type Change struct {
	Field    string `json:"field"`  // redacted
	Before   string `json:"before"` // rule and operator of the old policy, "kept" for none
	After    string `json:"after"`
	Count    int    `json:"count"`
	Example  string `json:"example"`  // of the old policy's result, with what either policy hides hidden; "kept" when it changes nothing
	Becoming string `json:"becoming"` // of the new one's
}

// Differ collects the differences of two policies on a sample.
type Differ struct {
	before, after *Explainer
	changes       map[[3]string]*Change
	Records       int
	Changed       int // records that the two policies make different things of
}

// maxChanges bounds the differences that are told apart; further ones count for Changed only.
const maxChanges = 10_000

// NewDiffer compares two policies. Both use the same keys, so that equal rules give equal tokens.
func NewDiffer(before, after *redact.Policy, k *keyring.Keyring) *Differ {
	return &Differ{before: NewExplainer(before, k), after: NewExplainer(after, k), changes: make(map[[3]string]*Change)}
}

// Add compares what the policies make of a record.
func (d *Differ) Add(record, service []byte) {
	list, isJSON := leavesOf(record)
	before, old := d.before.explain(list, isJSON, record, service)
	after, new := d.after.explain(list, isJSON, record, service)
	// Examples are shown as far as both policies show them.
	oldShown := resultsOf(d.after.apply(old, service), isJSON)
	newShown := resultsOf(d.before.apply(new, service), isJSON)
	differs := false
	for i := range before {
		b, a := &before[i], &after[i]
		exampleOf(b, &oldShown, list[i].name)
		exampleOf(a, &newShown, list[i].name)
		if b.raw != a.raw || b.Outcome != a.Outcome {
			differs = true
			d.change(b, a)
		}
	}
	d.Records++
	if differs {
		d.Changed++
	}
}

// exampleOf replaces a result by what may be shown of it.
func exampleOf(v *Verdict, shown *results, name string) {
	text, ok := shown.take(name)
	v.raw = v.Result
	switch {
	case v.Outcome != Hidden:
		v.Result = v.Outcome
	case ok:
		v.Result = text
	default:
		v.Result = Removed
	}
}

func (d *Differ) change(b, a *Verdict) {
	// The old policy may show in a name what the new one hides.
	field := d.after.names.Label([]byte(b.Field), "field").String()
	key := [3]string{field, b.decision(), a.decision()}
	c := d.changes[key]
	if c == nil {
		if len(d.changes) >= maxChanges {
			return
		}
		c = &Change{Field: field, Before: key[1], After: key[2], Example: b.Result, Becoming: a.Result}
		d.changes[key] = c
	}
	c.Count++
}

// decision names the rules and operators that hid something.
func (v *Verdict) decision() string {
	if v.Outcome == Kept {
		return Kept
	}
	text := ""
	for _, r := range v.Reasons {
		if r.Operator != redact.OpKeep.String() && r.Operator != evidence {
			if text != "" {
				text += ", "
			}
			text += r.Rule + " " + r.Operator
		}
	}
	return cmp.Or(text, v.Outcome)
}

// evidence is what RuleOperator calls a rule that only makes detectors readier.
const evidence = "evidence"

// Changes gives the differences, the most frequent first.
func (d *Differ) Changes() []Change {
	list := make([]Change, 0, len(d.changes))
	for _, c := range d.changes {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Change) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.Field, b.Field), cmp.Compare(a.Before, b.Before), cmp.Compare(a.After, b.After))
	})
	return list
}

// WriteText writes the differences, one a line with an example below it.
func (d *Differ) WriteText(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%d of %d records differ\n", d.Changed, d.Records); err != nil {
		return err
	}
	for _, c := range d.Changes() {
		if _, err := fmt.Fprintf(w, "%6d  %s: %s -> %s\n        %s -> %s\n", c.Count, c.Field, c.Before, c.After, example(c.Example), example(c.Becoming)); err != nil {
			return err
		}
	}
	return nil
}

func example(text string) string {
	if runes := []rune(text); len(runes) > maxShown {
		text = string(runes[:maxShown]) + "…"
	}
	return strconv.Quote(text)
}
