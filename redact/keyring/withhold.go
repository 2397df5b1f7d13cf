package keyring

import (
	"regexp"

	"github.com/logproc/logproc/internal/conf"
)

// What may be a part of a secret in a diagnostic: a value that was quoted, unless it is short, and a run
// of the characters of base64 that is longer than our own words.
var (
	quoted = regexp.MustCompile(`"[^"]*"`)
	run    = regexp.MustCompile(`[A-Za-z0-9+/=_-]{13,}`)
)

// maxShown is how much of a value is shown, in bytes with its quotes: enough for a misspelt key.
const maxShown = 14

// withheld takes values out of diagnostics. A file whose quotes or indentation are wrong can make any
// part of it a key or a value, a secret too, and the reader of the file quotes both.
func withheld(found conf.Diagnostics) conf.Diagnostics {
	for i := range found {
		what := quoted.ReplaceAllStringFunc(found[i].What, func(s string) string {
			if len(s) > maxShown {
				return "<withheld>"
			}
			return s
		})
		found[i].What = run.ReplaceAllString(what, "<withheld>")
	}
	return found
}
