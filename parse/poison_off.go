//go:build !race && !logproc_invariants

package parse

// poisoning is for builds with -race or -tags logproc_invariants, see poison_on.go.
const poisoning = false
