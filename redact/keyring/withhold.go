package keyring

import (
	"regexp"

	"github.com/logproc/logproc/internal/conf"
)

// What may be a part of a secret in a diagnostic: whatever was quoted, and a run of the characters of
// base64, both but for short words of lower-case letters, which our own words and misspelt keys are.
var (
	suspect = regexp.MustCompile(`"[^"]*"|[A-Za-z0-9+/=_-]{9,}`)
	word    = regexp.MustCompile(`^"?[a-z_]{0,16}"?$`)
)

// withheld takes values out of diagnostics. A file whose quotes or indentation are wrong can make any
// part of it a key or a value, a secret too, and the reader of the file quotes both.
func withheld(found conf.Diagnostics) conf.Diagnostics {
	for i := range found {
		found[i].What = suspect.ReplaceAllStringFunc(found[i].What, func(s string) string {
			if word.MatchString(s) {
				return s
			}
			return "<withheld>"
		})
	}
	return found
}
