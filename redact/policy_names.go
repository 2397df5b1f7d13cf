package redact

// The words that policy files use, in the order of the constants.
var (
	outputNames   = [outputCount]string{"topic", "label", "summary", "deadletter", "log"}
	modeNames     = [...]string{"deny-list", "allow-list", "observe"}
	operatorNames = [...]string{"keep", "replace", "drop", "mask", "generalise", "pseudonym", "withhold"}
	nonJSONNames  = [...]string{"scan", "withhold", "drop"}
)

// scanOperator is what rules for fields may say instead of an operator: the value is searched, as it is
// without a rule in deny-list mode.
const scanOperator = "scan"

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "unknown"
}

func indexOf(names []string, name string) (int, bool) {
	for i, n := range names {
		if n == name {
			return i, true
		}
	}
	return 0, false
}
