package parse

import "bytes"

// criLine is a line of a Kubernetes container log: TIME stdout|stderr TAGS TEXT.
type criLine struct {
	time   int64
	stream []byte
	part   part
	text   []byte
}

// parseCRI reads such a line.
func parseCRI(b []byte) (line criLine, ok bool) {
	const shortest = len("2006-01-02T15:04:05Z stdout F")
	if len(b) < shortest || b[4] != '-' || b[10] != 'T' {
		return line, false
	}
	stamp, rest, ok := bytes.Cut(b, []byte(" "))
	if !ok {
		return line, false
	}
	line.stream, rest, ok = bytes.Cut(rest, []byte(" "))
	if !ok || string(line.stream) != "stdout" && string(line.stream) != "stderr" {
		return line, false
	}
	tags, text, _ := bytes.Cut(rest, []byte(" "))
	line.part, line.text = criPart(tags), text
	if line.part == partNone {
		return line, false
	}
	line.time, ok = ParseTime(stamp)
	return line, ok
}

// criPart reads the tags: F or P, then more behind colons in times to come.
func criPart(tags []byte) part {
	if len(tags) == 0 || len(tags) > 1 && tags[1] != ':' {
		return partNone
	}
	switch tags[0] {
	case 'P':
		return partMore
	case 'F':
		return partLast
	}
	return partNone
}

// cri reads the text of a CRI line. The line's time stands in for a record that names none.
func (p *Parser) cri(line criLine) Reason {
	l := p.push()
	if l == nil {
		return TooDeep
	}
	l.rec.Time, l.rec.TimeState = line.time, Present
	if p.wasJoined {
		return p.text(line.text)
	}
	return p.fragment(line.part, line.stream, line.text)
}
