package workload

import "time"

// stamp writes times as RFC 3339 with nine digits, in UTC. It keeps the text of the last second, since
// neighbouring records mostly share it.
type stamp struct {
	second int64
	text   [20]byte // 2006-01-02T15:04:05.
	valid  bool
}

func (s *stamp) append(dst []byte, ns int64) []byte {
	second, rest := ns/int64(time.Second), ns%int64(time.Second)
	if rest < 0 {
		second, rest = second-1, rest+int64(time.Second)
	}
	if !s.valid || second != s.second {
		time.Unix(second, 0).UTC().AppendFormat(s.text[:0], "2006-01-02T15:04:05.")
		s.second, s.valid = second, true
	}
	dst = append(dst, s.text[:]...)
	dst = appendDigits(dst, uint64(rest), 9)
	return append(dst, 'Z')
}
