package redact

import (
	"strings"
	"testing"
)

func TestTestsInTheFile(t *testing.T) {
	const rules = "rules:\n- {rule: notes, names: [note], operator: drop}\n"
	const good = "- {name: notes, in: '{\"note\":\"hunter2\",\"n\":1}', hide: [hunter2], keep: ['\"n\":1'], out: '{\"n\":1}'}\n"
	for _, test := range []struct{ name, text, want string }{
		{"good", rules + "tests:\n" + good, ""},
		{"no test", rules, `p.yaml:4:3: no test reaches rule "notes"`},
		{"test of something else", rules + "tests:\n- {name: a, in: '{\"x\":1}', keep: [x]}\n", `p.yaml:4:3: no test reaches rule "notes"`},
		{"not hidden", rules + "tests:\n" + good + "- {name: b, in: '{\"x\":\"hunter2\"}', hide: [hunter2]}\n", `p.yaml:7:43: test "b": entry 1 of hide is still there, expected it to be hidden`},
		{"hidden behind an escape", "tests:\n- {name: b, in: '{\"x\":\"hunter\\u0032\"}', hide: [hunter2]}\n", `test "b": entry 1 of hide is still there`},
		{"not kept", rules + "tests:\n" + good + "- {name: b, in: '{\"note\":\"hunter2\"}', keep: [note, hunter2]}\n", `entry 2 of keep is gone`},
		{"other result", rules + "tests:\n" + good + "- {name: b, in: '{\"note\":\"hunter2\"}', out: '{ }'}\n", `test "b": the result is another one`},
		{"nothing checked", "tests:\n- {name: b, in: '{}'}\n", `test "b" checks nothing`},
		{"empty hide", "tests:\n- {name: b, in: '{}', hide: ['']}\n", `entry 1 of hide is still there`},
		{"no name", "tests:\n- {in: '{}', out: '{}'}\n", `the test has no name`},
		{"label with key", "tests:\n- {name: b, in: x, field: msg, key: k, keep: [x]}\n", `test "b" is for a label, with a key or headers`},
		{"key and headers", "tests:\n- {name: b, in: '{}', key: hunter2, headers: {user: hunter2, traceparent: t-1}, hide: [hunter2], keep: [acc_, t-1]}\n", ""},
		{"service", "rules:\n- {rule: notes, names: [note], operator: drop, services: [a*]}\ntests:\n- {name: b, service: a1, in: '{\"note\":1}', out: '{}'}\n- {name: c, service: b1, in: '{\"note\":1}', out: '{\"note\":1}'}\n", ""},
		{"label", "rules:\n- {rule: strict, detectors: [email], operator: withhold, outputs: [label]}\ntests:\n- {name: b, field: msg, in: 'a b@example.org', hide: [b@example.org]}\n", ""},
		{"kept finding", "rules:\n- {rule: macs, detectors: [mac], operator: keep}\ntests:\n- {name: b, in: '{\"x\":\"00:00:5e:00:53:49\"}', keep: ['00:00:5e:00:53:49']}\n", ""},
		{"pattern", "patterns:\n- {pattern: employee, regexp: 'EMP-[0-9]{6}'}\ntests:\n- {name: b, in: '{\"x\":\"of EMP-123456\"}', out: '{\"x\":\"of <employee>\"}'}\n", ""},
		{"pattern without test", "patterns:\n- {pattern: employee, regexp: 'EMP-[0-9]{6}'}\n", `no test reaches rule "employee"`},
		{"allow-list", "mode: allow-list\nrules:\n- {rule: ok, names: [n], operator: keep}\ntests:\n- {name: b, in: '{\"n\":1,\"x\":{\"y\":\"z1\"},\"t\":3}', hide: [z1], keep: ['\"n\":1', '\"t\":3']}\n", ""},
		{"observe", "mode: observe\n" + rules + "tests:\n" + good, ""},
		{"observe fails", "mode: observe\n" + rules + "tests:\n" + strings.Replace(good, "[hunter2]", "[note, n]", 1), `entry 2 of hide is still there`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := LoadPolicy("p.yaml", []byte(head+test.text), LoadOptions{})
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want == "":
				if p.Version() != "t-1" {
					t.Error("another policy")
				}
			case err == nil || !strings.Contains(err.Error(), test.want):
				t.Errorf("got %v\nwant %s", err, test.want)
			case strings.Contains(err.Error(), "hunter2"):
				t.Errorf("a value of the test is in the message: %v", err)
			}
		})
	}
}
