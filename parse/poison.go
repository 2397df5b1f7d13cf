package parse

// poison overwrites all memory that the last line's records borrow from. fastjson keeps its copy of a
// text to itself: another text of the same length takes that copy's place.
func (p *Parser) poison() {
	for i := range p.layers {
		l := &p.layers[i]
		if l.parsed < 2 {
			continue
		}
		for len(p.filler) < l.parsed {
			p.filler = append(p.filler, '#')
		}
		text := p.filler[:l.parsed]
		text[0], text[l.parsed-1] = '"', '"'
		if _, err := l.json.ParseBytes(text); err != nil {
			panic("BUG: the filler is a JSON string")
		}
		text[0], text[l.parsed-1] = '#', '#'
	}
	whole := p.scratch[:cap(p.scratch)]
	for i := range whole {
		whole[i] = '#'
	}
}
