package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Missing names what a run of that many seeds has to have seen and has not: a simulation in which nothing goes wrong
// any more proves nothing. A few hundred seeds need not have seen everything.
func (s Seen) Missing(seeds int) (missing []string) {
	rare := map[string]bool{"commit split": true, "crash before it leaves": true} // about once in 3,000 seeds
	for _, what := range sometimes() {
		if s[what] == 0 && (seeds >= 20_000 || seeds >= 1000 && !rare[what]) {
			missing = append(missing, what)
		}
	}
	return missing
}

func sometimes() []string {
	list := []string{
		"answer that begins earlier", "claim", "commit already, by another", "copy", "copy not read", "copy not written", "copy of a former generation",
		"dead letters not written", "fragment held over a commit", "future event", "given up during a claim",
		"given up during a commit", "late event", "lost corrupt", "lost retention", "new policy", "operator's offset",
		"partition added", "process is told to stop", "process stands still", "rebalance", "redacted records not written",
		"reply lost", "request late", "request lost", "request refused", "request twice", "retention", "session timeout",
		"shown again", "start", "store away", "store fell back", "store lost everything", "topic created again", "zombie",
	}
	for _, outcome := range []string{"committed", "fenced", "topic_changed", "already", "behind", "split"} {
		list = append(list, "commit "+outcome)
	}
	for _, step := range []string{
		"at a heartbeat", "after a claim", "after a commit", "after a flush", "after the metrics", "before a claim",
		"before a commit", "before a fetch", "before a flush", "before it joins", "before it leaves",
		"before the copy of the offset", "before the dead letters", "before the metrics",
	} {
		list = append(list, "crash "+step)
	}
	return list
}

// Add adds what another run has seen.
func (s Seen) Add(other Seen) {
	for what, n := range other {
		s[what] += n
	}
}

// String gives everything in the order of names.
func (s Seen) String() string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(s)) {
		parts = append(parts, fmt.Sprintf("%s %d", what, s[what]))
	}
	return strings.Join(parts, ", ")
}
