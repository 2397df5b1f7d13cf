package parse

// LayoutKnown reports whether objects are read without Visit.
func (p *Parser) LayoutKnown() bool { return p.layoutKnown }

// ForgetLayout makes p use Visit, as with a version of fastjson whose layout is not known.
func (p *Parser) ForgetLayout() { p.layoutKnown = false }
