package rollup

import (
	"cmp"
	"slices"

	"github.com/logproc/logproc/redact"
)

// MaxForms is the number of forms that a store keeps per UTC day, service and env. Beyond it the least
// frequent go, so a form's count is a lower bound.
const MaxForms = 50

// FormCount is a form and how often it was seen.
type FormCount struct {
	Text redact.Text
	N    uint64
}

// SortForms orders forms by falling frequency, those of the same frequency by text. Stores keep the
// first MaxForms, so the order decides what is dropped.
func SortForms(forms []FormCount) {
	slices.SortFunc(forms, func(a, b FormCount) int {
		if c := cmp.Compare(b.N, a.N); c != 0 {
			return c
		}
		return cmp.Compare(a.Text.String(), b.Text.String())
	})
}
