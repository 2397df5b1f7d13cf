package prom

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// scrapes remembers when the metrics were asked for, so that a program which is about to end can wait for
// its last counts to be fetched.
type scrapes struct {
	now func() time.Time

	mu       sync.Mutex
	last     time.Time     // the end of the newest scrape
	interval time.Duration // between the newest two; 0 before there were two
	begun    uint64        // how many have begun
	waiting  []waiter
}

// waiter waits for a scrape that begins after it did.
type waiter struct {
	after uint64
	done  chan struct{}
}

func newScrapes(now func() time.Time) *scrapes { return &scrapes{now: now} }

// noted wraps the handler of /metrics.
func (s *scrapes) noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serial := s.begin()
		next.ServeHTTP(w, r)
		s.end(serial)
	})
}

func (s *scrapes) begin() (serial uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun++
	return s.begun
}

func (s *scrapes) end(serial uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !s.last.IsZero() {
		s.interval = now.Sub(s.last)
	}
	s.last = now
	left := s.waiting[:0]
	for _, w := range s.waiting {
		if serial > w.after {
			close(w.done)
		} else {
			left = append(left, w)
		}
	}
	s.waiting = left
}

// expect tells how long the next scrape may take to come, and what is closed when it has ended; 0 when
// nobody seems to scrape any more.
func (s *scrapes) expect(limit time.Duration) (time.Duration, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.interval <= 0 || s.now().Sub(s.last) > 3*s.interval+time.Second {
		return 0, nil
	}
	w := waiter{after: s.begun, done: make(chan struct{})}
	s.waiting = append(s.waiting, w)
	return min(limit, s.interval+s.interval/2+500*time.Millisecond), w.done
}

// AwaitScrape waits until a scrape that begins after the call has been answered. It does not wait when nobody
// scrapes regularly, and never longer than limit or one and a half of the interval seen; then, or when ctx
// ends, it gives false.
func (e *Exporter) AwaitScrape(ctx context.Context, limit time.Duration) bool {
	wait, done := e.scrapes.expect(limit)
	if wait <= 0 {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
