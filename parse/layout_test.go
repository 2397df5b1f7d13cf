package parse_test

import (
	"testing"

	"github.com/logproc/logproc/parse"
)

// TestLayoutOfFastjson fails when an update of fastjson has changed its objects: reading is still right
// then, but slower until objectLayout follows.
func TestLayoutOfFastjson(t *testing.T) {
	if !newParser(t, parse.Options{}).LayoutKnown() {
		t.Error("fastjson.Object is not laid out as objectLayout says")
	}
}

func TestVisitGivesTheSame(t *testing.T) {
	fast, slow := newParser(t, parse.Options{}), newParser(t, parse.Options{})
	slow.ForgetLayout()
	lines := fixture(t)
	lines = append(lines, []byte(`{"":1,"msg":"a","msg":"b","m\u0073g":"c","lvl":"info"}`), []byte(`{"x":{"msg":1},"log":{"level":"warn"}}`))
	for _, line := range lines {
		want := one(t, slow, parse.Input{Line: line, Time: carrier})
		if got := one(t, fast, parse.Input{Line: line, Time: carrier}); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}
