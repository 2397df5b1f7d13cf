//go:build race || logproc_invariants

package parse

// poisoning makes every Parse overwrite what the records of the line before borrowed, so that a test
// fails which keeps a slice for longer than it may.
const poisoning = true
