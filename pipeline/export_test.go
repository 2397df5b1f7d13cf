package pipeline

import (
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// RuleLabel is what a naming rule's facts are called.
func RuleLabel(r rules.Rule) redact.Text { return ruleLabel(r) }
