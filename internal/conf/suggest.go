package conf

import "strings"

// maxSuggest is the length in bytes up to which words are compared.
const maxSuggest = 128

// Suggest gives the word of from that is nearest to word by Damerau-Levenshtein distance in bytes
// (insertions, deletions, substitutions and swaps of neighbours), upper and lower case being the same.
// A third of the word may differ, at most 4 places. Of equally near words the first wins. Most words
// of a long list are passed over by their length and by the letters they hold.
func Suggest(word string, from []string) (string, bool) {
	if len(word) > maxSuggest {
		return "", false
	}
	lower := strings.ToLower(word)
	letters := bagOf(lower)
	best, found := "", false
	limit := min(max(1, len(lower)/3), 4)
	var d distance
	for _, candidate := range from {
		if candidate == word || len(candidate) > maxSuggest || abs(len(candidate)-len(lower)) > limit {
			continue
		}
		candidateLower := strings.ToLower(candidate)
		if !letters.near(candidateLower, limit) {
			continue
		}
		if n, ok := d.within(lower, candidateLower, limit); ok {
			best, found, limit = candidate, true, n-1
			if limit < 0 {
				break
			}
		}
	}
	return best, found
}

func abs(n int) int { return max(n, -n) }

// bag counts a word's bytes in 32 classes. Every edit changes at most one count up and one down, so two
// words are at least as far apart as their bags.
type bag [32]int16

func bagOf(word string) (b bag) {
	for i := range len(word) {
		b[word[i]&31]++
	}
	return b
}

// near reports whether the word may be within limit edits; a is a copy and can be used up.
func (a bag) near(word string, limit int) bool {
	extra := 0
	for i := range len(word) {
		c := &a[word[i]&31]
		if *c--; *c < 0 {
			if extra++; extra > limit {
				return false
			}
		}
	}
	missing := 0
	for _, n := range a {
		missing += int(max(n, 0))
	}
	return missing <= limit
}

// distance holds the three rows that the optimal string alignment needs.
type distance struct {
	before, last, row []int
}

// within gives the distance of a and b when it is at most limit. It stops as soon as a whole row is
// beyond the limit.
func (d *distance) within(a, b string, limit int) (int, bool) {
	d.reset(len(b) + 1)
	for i := 1; i <= len(a); i++ {
		d.row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			n := min(d.last[j]+1, d.row[j-1]+1, d.last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				n = min(n, d.before[j-2]+1)
			}
			d.row[j] = n
			least = min(least, n)
		}
		if least > limit {
			return 0, false
		}
		d.before, d.last, d.row = d.last, d.row, d.before
	}
	return d.last[len(b)], d.last[len(b)] <= limit
}

func (d *distance) reset(n int) {
	if cap(d.row) < n {
		d.before, d.last, d.row = make([]int, n), make([]int, n), make([]int, n)
	}
	d.before, d.last, d.row = d.before[:n], d.last[:n], d.row[:n]
	for j := range d.last {
		d.last[j] = j
	}
}
