package redact

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/redact/detect"
)

// hashes are operators that other tools have and this one refuses.
var hashes = []string{"hash", "md5", "sha", "sha1", "sha-1", "sha224", "sha2", "sha256", "sha-256", "sha3", "sha384", "sha512", "sha-512",
	"blake2", "blake2b", "blake3", "crc32", "farmhash", "fnv", "murmur", "xxhash", "digest", "checksum"}

// operator reads an operator's name.
func (c *compiler) operator(path, name string) Operator {
	lower := strings.ToLower(name)
	if slices.Contains(hashes, lower) {
		c.add(path, "operator "+quoted(name)+" is a hash without a key: whoever tries all addresses or phone numbers undoes it in minutes",
			"pseudonym, which is keyed")
		return OpWithhold
	}
	i, ok := indexOf(operatorNames[:], name)
	if !ok {
		c.add(path, "unknown operator "+quoted(name), orSuggest(name, operatorNames[:], "one of "+strings.Join(operatorNames[:], ", ")))
		return OpWithhold
	}
	return Operator(i)
}

// maskable are the kinds of which the last characters identify nobody; of phone numbers, addresses and
// ids they do.
const maxMaskKeep = 4

func maskable(k detect.Kind) bool {
	return k == detect.Card || k == detect.IBAN || k == detect.Account || k == detect.Secret
}

// parameters checks that the parameters go with the operator.
func (c *compiler) parameters(path string, t *treatment, a *Action) {
	used := []struct {
		name string
		set  bool
		by   Operator
	}{
		{"keep_last", t.KeepLast != 0, OpMask},
		{"ipv4_bits", t.IPv4Bits != 0, OpGeneralise}, {"ipv6_bits", t.IPv6Bits != 0, OpGeneralise},
		{"decimals", t.Decimals != 0, OpGeneralise}, {"step", t.Step != 0, OpGeneralise},
		{"domain", t.Domain != "", OpPseudonym}, {"prefix", t.Prefix != "", OpPseudonym},
	}
	for _, u := range used {
		if u.set && a.Op != u.by && c.doc.Has(path+"."+u.name) {
			c.add(path+"."+u.name, fmt.Sprintf("%s is given, the operator is %s", u.name, a.Op), "operator: "+u.by.String()+" beside it")
		}
	}
	switch a.Op {
	case OpMask:
		c.mask(path, t, a)
	case OpGeneralise:
		c.between(path+".ipv4_bits", a.Bits, 8, 24)
		c.between(path+".ipv6_bits", a.Bits6, 16, 64)
		c.between(path+".decimals", a.Decimals, 0, 3)
		if a.Step < 0 {
			c.add(path+".step", "step is negative", "a duration such as 1h")
		}
		if k := a.Kind; k != detect.IP && k != detect.Geo && k != detect.BirthDate && (k != detect.None || t.Step == 0) {
			c.add(path+".operator", "generalise is for "+k.String(), "it for addresses, coordinates and dates of birth (as: ip, geo, birth_date), or with step for times")
		}
	case OpPseudonym:
		if a.Prefix == "" {
			c.add(path, "the pseudonym has no prefix", "prefix: 2 to 8 small letters such as acc")
		} else if !isPrefix(a.Prefix) {
			c.add(path+".prefix", "prefix is not valid", "2 to 8 small letters such as acc")
		}
		if a.Domain == "" {
			a.Domain = a.Prefix
		}
		if !isPlainName(a.Domain) {
			c.add(path+".domain", "domain is not valid", "letters, digits, - _ . and at most 64 of them")
		}
	}
}

func (c *compiler) mask(path string, t *treatment, a *Action) {
	switch {
	case a.Keep < 0 || a.Keep > maxMaskKeep:
		c.add(path+".keep_last", fmt.Sprintf("keep_last is %d", a.Keep), fmt.Sprintf("0 to %d: more of a value identifies", maxMaskKeep))
	case a.Keep > 0 && !maskable(a.Kind):
		what := "a value of unknown kind"
		if t.As != "" {
			what = t.As
		}
		c.add(path+".keep_last", "the last characters of "+what+" identify", "keep_last: 0, replace or pseudonym; card, iban, account and secret may keep up to 4 (as: card)")
	}
}

func isPrefix(s string) bool {
	if len(s) < 2 || len(s) > 8 {
		return false
	}
	for i := range len(s) {
		if !isLower(s[i]) {
			return false
		}
	}
	return true
}

// isPlainName reports whether a name can stand in reports and metrics as it is.
func isPlainName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLower(c) && !isUpper(c) && !isDigit(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return s != "" && len(s) <= maxNameBytes
}

func (c *compiler) add(path, what, want string) {
	c.doc.Add(path, what, want)
}

// warn adds a finding that does not refuse the file.
func (c *compiler) warn(path, what, want string) {
	line, column := c.doc.At(path)
	c.p.warnings = append(c.p.warnings, conf.Diagnostic{File: c.file, Line: line, Column: column, What: what, Want: want})
}

func (c *compiler) between(path string, n, low, high int) {
	if n < low || n > high {
		c.add(path, fmt.Sprintf("%s is %d", path, n), fmt.Sprintf("%d to %d", low, high))
	}
}

func (c *compiler) oneOf(path, value string, names ...string) { c.choice(path, value, names) }

// choice gives the index of value in names, 0 when it is not there.
func (c *compiler) choice(path, value string, names []string) int {
	i, ok := indexOf(names, value)
	if !ok {
		c.add(path, path+" is "+quoted(value), orSuggest(value, names, strings.Join(names, ", ")))
		return 0
	}
	return i
}

// orSuggest gives what was expected, with the nearest name when one is near.
func orSuggest(value string, names []string, all string) string {
	if near, ok := conf.Suggest(value, names); ok {
		return quoted(near) + " or another of " + strings.Join(names, ", ")
	}
	return all
}

func quoted(s string) string {
	if len(s) > maxNameBytes {
		s = s[:maxNameBytes]
	}
	return strconv.QuoteToASCII(s)
}

func at(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// wordsOf gives a name's words.
func wordsOf(name string) []string {
	var k keyName
	k.set([]byte(name))
	words := make([]string, k.words)
	for i := range words {
		end := k.length
		if i+1 < k.words {
			end = int(k.starts[i+1])
		}
		words[i] = string(k.letters[k.starts[i]:end])
	}
	return words
}
