package workload

import "strconv"

// BadKind is a way in which a line is no log record. The kinds take turns by chance.
type BadKind uint8

// The kinds of bad lines that Options.Bad asks for.
const (
	BadText      BadKind = iota // text that is not JSON
	BadTruncated                // a JSON object cut off within a string
	BadArray                    // JSON, but no object
	BadKinds                    // their number
)

// String gives the kind's name.
func (k BadKind) String() string { return [BadKinds]string{"text", "truncated", "array"}[k] }

func (g *Generator) appendBad(dst []byte, r *random) []byte {
	k := BadKind(r.below(int(BadKinds)))
	g.tally.bad[k]++
	number := r.next() % 1_000_000
	switch k {
	case BadTruncated:
		dst = append(dst, `{"MesosTaskID":"ctrl-green.1","lvl":"info","msg":"cut-off-after-`...)
		dst = strconv.AppendUint(dst, number, 10)
	case BadArray:
		dst = append(dst, `["metrics",`...)
		dst = strconv.AppendUint(dst, number, 10)
		dst = append(dst, ']')
	default:
		dst = append(dst, "goroutine "...)
		dst = strconv.AppendUint(dst, number, 10)
		dst = append(dst, " [running]: main.handle(0x0)"...)
	}
	return append(dst, '\n')
}
