package workload

import "strconv"

// requestIDLength is the number of hexadecimal digits of a scenario's RequestIDs.
const requestIDLength = 12

// dialect names a logger's fields: teams do not agree on them, and logproc is to read them all.
type dialect struct {
	time, level, msg, service, env, request, trace string
	levels                                         [levelCount]string
}

var dialects = [...]dialect{ // read only
	{`{"time":"`, `","level":"`, `","msg":"`, `","service":"`, `","env":"`, `","request_id":"`, `","trace_id":"`,
		[...]string{"DEBUG", "INFO", "WARN", "ERROR"}}, // slog
	{`{"t":"`, `","lvl":"`, `","msg":"`, `","MesosTaskID":"`, `","env":"`, `","RequestID":"`, `","TraceID":"`,
		[...]string{"debug", "info", "warning", "error"}},
	{`{"@timestamp":"`, `","log.level":"`, `","message":"`, `","service.name":"`, `","environment":"`,
		`","x-request-id":"`, `","trace.id":"`, [...]string{"debug", "info", "warn", "error"}}, // ECS
}

func (s *Scenario) appendRecord(dst []byte, ns int64, e *record) []byte {
	from := len(dst)
	d := &dialects[e.service%len(dialects)]
	dst = append(dst, d.time...)
	dst = s.clock.append(dst, ns)
	dst = append(dst, d.level...)
	dst = append(dst, d.levels[e.level]...)
	dst = append(dst, d.msg...)
	dst = append(dst, e.msg...)
	if e.email {
		dst = appendWord(dst, s.random.below(wordCount))
		dst = append(dst, '.')
		dst = appendWord(dst, s.random.below(wordCount))
		dst = append(dst, "@example.com"...)
	}
	dst = append(dst, d.service...)
	dst = append(dst, scenarioServices[e.service]...)
	if d == &dialects[1] {
		dst = append(dst, "-green.1f0c"...)
	}
	dst = append(dst, d.env...)
	dst = append(dst, e.env()...)
	dst = append(dst, d.request...)
	e.keyAt = len(dst) - from
	dst = appendHex(dst, e.id, requestIDLength)
	dst = append(dst, d.trace...)
	dst = appendHex(dst, mix(e.id), 16)
	dst = appendHex(dst, mix(e.id+1), 16)
	dst = append(dst, `","status":`...)
	dst = strconv.AppendInt(dst, int64(e.status), 10)
	dst = append(dst, `,"duration":`...)
	dst = strconv.AppendFloat(dst, e.millis, 'f', 3, 64)
	return append(dst, '}')
}

func (r *request) env() string {
	if r.stage {
		return "stage"
	}
	return "prod"
}
