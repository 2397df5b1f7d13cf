//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
)

// envelopes are the forms in which shippers deliver an application's line, each by the name of what
// makes it. Each gives one or more lines for one; n is the line's number.
var envelopes = map[string]func(line []byte, n int) []string{ // read only
	"docker json-file": func(line []byte, _ int) []string { return []string{docker(string(line) + "\n")} },
	"docker split": func(line []byte, _ int) []string {
		half := len(line) / 2
		return []string{docker(string(line[:half])), docker(string(line[half:]) + "\n")}
	},
	"cri": func(line []byte, _ int) []string { return []string{cri("F", string(line))} },
	"cri split": func(line []byte, _ int) []string {
		third := len(line) / 3
		return []string{cri("P", string(line[:third])), cri("P", string(line[third:2*third])), cri("F", string(line[2*third:]))}
	},
	"fluent bit": func(line []byte, _ int) []string {
		return []string{fmt.Sprintf(`{"@timestamp":"2019-09-30T00:00:00.000Z","log":%s,"stream":"stdout","kubernetes":{"pod_name":"x-1",`+
			`"namespace_name":"default","labels":{"app":"sidecar"},"container_name":"y"}}`, quote(string(line)))}
	},
	"fluent bit around cri": func(line []byte, _ int) []string {
		return []string{fmt.Sprintf(`{"date":1569801600.5,"log":%s}`, quote(cri("F", string(line))))}
	},
	"filebeat": func(line []byte, n int) []string {
		return []string{fmt.Sprintf(`{"@timestamp":"2019-09-30T00:00:00.000Z","@metadata":{"beat":"filebeat","type":"_doc","version":"8.15.0"},`+
			`"log":{"offset":%d,"file":{"path":"/var/log/ctrl.log"}},"message":%s,"input":{"type":"filestream"},"ecs":{"version":"8.0.0"},`+
			`"host":{"name":"node-1"},"agent":{"type":"filebeat","version":"8.15.0","id":"c5a1"}}`, n, quote(string(line)))}
	},
	"vector": func(line []byte, _ int) []string {
		return []string{fmt.Sprintf(`{"file":"/var/log/ctrl.log","host":"node-1","message":%s,"source_type":"file",`+
			`"timestamp":"2019-09-30T00:00:00.000000000Z"}`, quote(string(line)))}
	},
	"rsyslog cee": func(line []byte, _ int) []string {
		return []string{"Sep 30 00:00:00 node-1 ctrl[4711]: @cee: " + string(line)}
	},
	"rsyslog cee, message alone": func(line []byte, _ int) []string { return []string{" @cee:" + string(line)} },
	"logspout": func(line []byte, _ int) []string {
		return []string{fmt.Sprintf(`{"@timestamp":"2019-09-30T00:00:00Z","host":"node-1","message":%s,"docker":{"name":"/ctrl-1",`+
			`"id":"8593af5258f9","image":"registry/ctrl:1","hostname":"8593af5258f9"},"stream":"stdout"}`, quote(string(line)))}
	},
	"kcat -J": func(line []byte, n int) []string {
		return []string{fmt.Sprintf(`{"topic":"logs","partition":0,"offset":%d,"tstype":"create","ts":1569801600000,"broker":1,`+
			`"headers":[],"key":null,"payload":%s}`, n, quote(string(line)))}
	},
}

// The carriers' own times are days after the lines': an envelope whose time won would be seen.
func docker(log string) string {
	return fmt.Sprintf(`{"log":%s,"stream":"stdout","time":"2019-09-30T00:00:00.000000000Z"}`, quote(log))
}

func cri(tag, log string) string { return "2019-09-30T00:00:00.000000000Z stdout " + tag + " " + log }

func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // strings can always be encoded
	}
	return strings.TrimSpace(b.String())
}
