package conf

import (
	"strings"
	"unicode/utf8"
)

// maxSuggest is the length in bytes up to which words are compared.
const maxSuggest = 128

// Suggest gives the word of from that is nearest to word by Damerau-Levenshtein distance (insertions,
// deletions, substitutions and swaps of neighbours), upper and lower case being the same. A third of
// the word may differ, at most 4 places. Of equally near words the first wins.
func Suggest(word string, from []string) (string, bool) {
	if len(word) > maxSuggest {
		return "", false
	}
	lower := []rune(strings.ToLower(word))
	best, found := "", false
	limit := min(max(1, len(lower)/3), 4)
	var d distance
	for _, candidate := range from {
		if candidate == word || len(candidate) > maxSuggest {
			continue
		}
		if n := utf8.RuneCountInString(candidate); n > len(lower)+limit || n < len(lower)-limit {
			continue
		}
		if n, ok := d.within(lower, []rune(strings.ToLower(candidate)), limit); ok {
			best, found, limit = candidate, true, n-1
			if limit < 0 {
				break
			}
		}
	}
	return best, found
}

// distance holds the three rows that the optimal string alignment needs.
type distance struct {
	before, last, row []int
}

// within gives the distance of a and b when it is at most limit. It stops as soon as a whole row is
// beyond the limit.
func (d *distance) within(a, b []rune, limit int) (int, bool) {
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
