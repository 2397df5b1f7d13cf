package workload

import "strconv"

// lineParts are the pieces of a line that are written as they are.
type lineParts struct {
	task [][]byte // "MesosTaskID" of each service, up to the colour
	msg  [][]byte // the msg member of each key
}

func newLineParts(services []string, keys []key) lineParts {
	var p lineParts
	for _, s := range services {
		p.task = append(p.task, []byte(`","MesosTaskID":"`+s+`-`))
	}
	for _, k := range keys {
		p.msg = append(p.msg, []byte(`","msg":"`+k.name))
	}
	return p
}

// appendLine writes the event with the fields of a production service, about 435 bytes.
func (g *Generator) appendLine(dst []byte, e *event, r *random) []byte {
	actions := [...]string{"Redeem", "Sync", "CheckBalance", "Purchase"}
	calls := [...]string{"CreditControl", "AccountLookup", "SubscriberData", "TariffChange"}
	systems := [...][2]string{{"iOS", "ios-12"}, {"iOS", "ios-13"}, {"Android", "android-9"}, {"Android", "android-10"}}
	choice := r.next()

	dst = append(dst, `{"ContainerID":"`...)
	dst = appendHex(dst, r.next(), 16)
	dst = appendHex(dst, r.next(), 5)
	dst = append(dst, g.line.task[e.service]...)
	dst = append(dst, [...]string{"green", "blue"}[choice&1]...)
	dst = append(dst, '.')
	id := r.next()
	dst = appendHex(dst, id, 8)
	dst = append(dst, '-')
	dst = appendHex(dst, id>>32, 4)
	dst = append(dst, `","env":"`...)
	dst = append(dst, envNames[e.env]...)
	dst = append(dst, `","lvl":"`...)
	dst = append(dst, e.level.String()...)
	dst = g.appendMsg(dst, e, r)
	dst = append(dst, `","status":`...)
	dst = append(dst, [...]string{"200", "200", "409", "500"}[e.level]...)
	dst = append(dst, `,"t":"`...)
	dst = g.clock.append(dst, e.time)
	dst = append(dst, `","duration":`...)
	dst = strconv.AppendUint(dst, 1+choice>>1&0xff, 10)
	dst = append(dst, '.')
	dst = appendDigits(dst, choice>>9&0x7ffff, 6)
	dst = append(dst, `,"AccountID":"`...)
	dst = appendHex(dst, r.next(), 16)
	dst = appendHex(dst, id>>16, 8)
	dst = append(dst, `","RequestID":"`...)
	dst = appendHex(dst, mix(g.opt.Seed+e.number/uint64(g.opt.PerRequest)), 12)
	dst = append(dst, `","clientHost":"198.51.100.`...) // a range reserved for documentation
	dst = strconv.AppendUint(dst, choice>>28&0xff, 10)
	dst = append(dst, `","action":"`...)
	dst = append(dst, actions[choice>>36&3]...)
	dst = append(dst, `","callName":"`...)
	dst = append(dst, calls[choice>>38&3]...)
	dst = append(dst, `","clientVersion":1002`...)
	dst = appendDigits(dst, choice>>40&0x3f, 2)
	system := systems[choice>>46&3]
	dst = append(dst, `,"clientOS":"`...)
	dst = append(dst, system[0]...)
	dst = append(dst, `","clientOSVersion":"`...)
	dst = append(dst, system[1]...)
	return append(dst, "\"}\n"...)
}

// appendMsg ends in an open string, as the next member begins by closing one.
func (g *Generator) appendMsg(dst []byte, e *event, r *random) []byte {
	const member = `","msg":"`
	switch e.kind {
	case kindMissing:
		return dst
	case kindDistinct:
		dst = append(dst, member...)
		if g.opt.DistinctText {
			return appendDistinctText(dst, e.ordinal)
		}
		return appendDistinctKey(dst, e.ordinal)
	case kindFreeText:
		return appendSentence(append(dst, member...), r, hit(r, g.opt.Personal))
	default:
		return append(dst, g.line.msg[e.key]...)
	}
}

// appendSentence writes what a person would log, so no msg key. Whatever looks personal is of a range
// or domain that is reserved for documentation.
func appendSentence(dst []byte, r *random, personal bool) []byte {
	if personal {
		return appendPersonal(dst, r)
	}
	starts := [...]string{"Could not open order ", "Retrying after timeout of job ", "Finished batch ", "User session expired: ",
		"Unexpected answer from upstream, attempt ", "Cache miss for item "}
	dst = append(dst, starts[r.below(len(starts))]...)
	dst = strconv.AppendUint(dst, r.next()%100_000, 10)
	return append(dst, " (see the runbook)"...)
}

func appendPersonal(dst []byte, r *random) []byte {
	if r.below(2) == 0 {
		dst = append(dst, "Sent receipt to "...)
		dst = appendWord(dst, r.below(wordCount))
		dst = append(dst, '.')
		dst = appendWord(dst, r.below(wordCount))
		return append(dst, "@example.com"...)
	}
	dst = append(dst, "Login Failed For User from 203.0.113."...)
	return strconv.AppendInt(dst, int64(r.below(256)), 10)
}

const hexDigits = "0123456789abcdef"

// appendHex writes the lowest digits of x, highest first.
func appendHex(dst []byte, x uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, hexDigits[x>>(4*i)&15])
	}
	return dst
}

// appendDigits writes the lowest decimal digits of x, with leading zeros.
func appendDigits(dst []byte, x uint64, digits int) []byte {
	var buf [9]byte
	for i := digits - 1; i >= 0; i-- {
		buf[i] = byte('0' + x%10)
		x /= 10
	}
	return append(dst, buf[:digits]...)
}
