package crash_test

import (
	"strings"
	"testing"

	"github.com/logproc/logproc/internal/crash"
)

func siteOf(f func()) (site string) {
	defer func() {
		if recover() != nil {
			site = crash.Site()
		}
	}()
	f()
	return ""
}

func TestSiteIsWhereItPanickedAndHoldsNoValue(t *testing.T) {
	var none []int
	for name, f := range map[string]func(){
		"panic": func() { panic("anna@example.com") },
		"index": func() { _ = none[len(none)] },
	} {
		if site := siteOf(f); !strings.HasPrefix(site, "crash_test.go:") {
			t.Errorf("%s: site %q, want a line of this file and nothing else", name, site)
		}
	}
}
