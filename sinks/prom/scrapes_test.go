package prom_test

import (
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logproc/logproc/sinks/prom"
)

func TestAwaitScrape(t *testing.T) {
	const limit = 10 * time.Second
	for _, test := range []struct {
		name    string
		scrapes int           // before the end
		every   time.Duration // their interval
		silence time.Duration // between the last one and the end
		goesOn  bool          // there will be one more
		waits   time.Duration
		got     bool
	}{
		{"nobody scrapes", 0, 0, 0, false, 0, false},
		{"somebody has looked once", 1, 0, time.Second, false, 0, false},
		{"a scraper every 5 s", 3, 5 * time.Second, 2 * time.Second, true, 3 * time.Second, true},
		{"a scraper that has gone", 3, time.Second, time.Minute, false, 0, false},
		{"a scraper that does not come", 3, 2 * time.Second, time.Second, false, 3500 * time.Millisecond, false},
		{"a scraper that comes too seldom", 3, time.Minute, 30 * time.Second, true, limit, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, err := prom.New(prom.Options{})
				if err != nil {
					t.Fatal(err)
				}
				scrape := func() { e.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil)) }
				for range test.scrapes {
					time.Sleep(test.every)
					scrape()
				}
				if test.goesOn {
					time.AfterFunc(test.every, scrape)
				}
				time.Sleep(test.silence)
				began := time.Now()
				if got := e.AwaitScrape(t.Context(), limit); got != test.got || time.Since(began) != test.waits {
					t.Errorf("%t after %s, want %t after %s", got, time.Since(began), test.got, test.waits)
				}
				time.Sleep(time.Hour)
			})
		})
	}
}
