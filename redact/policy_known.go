package redact

import "strings"

// remember works out the names that the rules spell out, in the spellings in which they are usually
// written, so that Field finds them with one look-up. Names for which the service, the path or an
// exception matter are left out.
func (p *Policy) remember(selected []placedSelector) {
	p.known = make(map[string]*[outputCount]Field)
	for i := range selected {
		if selected[i].words == nil {
			continue
		}
		for _, name := range spellings(selected[i].words) {
			if p.known[name] == nil && !p.depends([]byte(name)) {
				p.known[name] = p.always([]byte(name))
			}
		}
	}
}

// always works out what applies to a name everywhere.
func (p *Policy) always(name []byte) *[outputCount]Field {
	var work finder
	var fields [outputCount]Field
	for out := range outputCount {
		fields[out] = work.field(p, out, nil, [][]byte{name})
	}
	return &fields
}

// depends reports whether something beside the name matters for fields of that name.
func (p *Policy) depends(name []byte) bool {
	found := false
	var k keyName
	matters := func(b binding) {
		found = found || b.rank.selector() < byName || len(p.rules[b.entry].services) > 0
	}
	p.fields.visit(&k, name, nil, matters)
	p.fields.visitBare(&k, name, matters)
	p.exceptions.fields.visit(&k, name, nil, func(binding) { found = true })
	return found
}

// spellings gives the usual ways to write a name of these words.
func spellings(words []string) []string {
	var pascal, initials []string // AccountId, AccountID
	for _, w := range words {
		w = strings.ToUpper(w[:1]) + w[1:]
		pascal = append(pascal, w)
		if len(w) <= 2 || w == "Url" || w == "Uri" || w == "Api" || w == "Ssn" || w == "Otp" {
			w = strings.ToUpper(w)
		}
		initials = append(initials, w)
	}
	snake, camel := strings.Join(words, "_"), strings.Join(pascal, "")
	lower := func(s string) string { return strings.ToLower(s[:1]) + s[1:] }
	return []string{
		snake, strings.ToUpper(snake), strings.Join(words, "-"), strings.Join(pascal, "-"), strings.Join(words, ""),
		camel, lower(camel), strings.Join(initials, ""), words[0] + strings.Join(initials[1:], ""),
	}
}
