package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logproc/logproc/internal/health"
)

// start runs a checker until the test ends.
func start(t *testing.T, checks ...health.Check) *health.Checker {
	t.Helper()
	c, err := health.New(checks...)
	if err != nil {
		t.Fatal(err)
	}
	go c.Run(t.Context())
	synctest.Wait()
	return c
}

func status(c *health.Checker, kinds ...health.Kind) (list []string) {
	for _, r := range c.Results(kinds...) {
		list = append(list, r.Name+" "+string(r.Status))
	}
	return list
}

// fake is a check with an answer that the test sets.
type fake struct {
	mu   sync.Mutex
	runs int
	err  error
}

func (f *fake) run(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runs++
	return f.err
}

func (f *fake) answer(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.runs
}

func TestChecksRunAtTheirIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f fake
		c := start(t, health.Check{Name: "kafka", Kind: health.External, Interval: 10 * time.Second, Run: f.run})
		began := time.Now()
		if runs := f.count(); runs != 1 || !slices.Equal(status(c), []string{"kafka OK"}) {
			t.Errorf("at the start: %d runs, %v", runs, status(c))
		}
		answer := errors.New("connection refused")
		f.answer(answer)
		time.Sleep(9 * time.Second)
		if runs := f.count(); runs != 1 || !slices.Equal(status(c), []string{"kafka OK"}) {
			t.Errorf("before the interval: %d runs, %v", runs, status(c))
		}
		time.Sleep(2 * time.Second)
		r := c.Results()[0]
		if runs := f.count(); runs != 2 || r.Status != health.Error || !errors.Is(r.Err, answer) || !r.StatusTime.Equal(began.Add(10*time.Second)) {
			t.Errorf("after it: %d runs, %+v", runs, r)
		}
	})
}

// TestHangingCheck: its status is known at its time-out, it is not started a second time, it holds up
// nobody, and when it comes back it is checked again.
func TestHangingCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f fake
		release := make(chan struct{})
		c := start(t,
			health.Check{Name: "store", Interval: 3 * time.Second, Timeout: 2 * time.Second, Run: func(ctx context.Context) error {
				err := f.run(ctx)
				<-release // does not obey its context
				return err
			}},
			health.Check{Name: "other", Run: func(context.Context) error { return nil }},
		)
		began := time.Now()
		if got := status(c); !slices.Equal(got, []string{"store ERROR", "other OK"}) {
			t.Errorf("before the time-out: %v", got)
		}
		time.Sleep(time.Minute)
		r := c.Results()[0]
		if r.Status != health.Timeout || !r.StatusTime.Equal(began.Add(2*time.Second)) || !errors.Is(r.Err, health.ErrTimeout) || f.count() != 1 {
			t.Errorf("hanging: %+v after %d runs", r, f.count())
		}
		close(release)
		synctest.Wait()
		if got := status(c); !slices.Equal(got, []string{"store OK", "other OK"}) || f.count() != 2 {
			t.Errorf("when it is back: %v after %d runs", got, f.count())
		}
	})
}

func TestSlowCheckThatObeysItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, health.Check{Name: "smtp", Timeout: time.Second, Run: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		time.Sleep(1500 * time.Millisecond)
		if r := c.Results()[0]; r.Status != health.Timeout {
			t.Errorf("got %+v", r)
		}
	})
}

func TestPanickingCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, health.Check{Name: "broken", Readiness: true, Run: func(context.Context) error { panic("secret") }})
		r := c.Results()[0]
		if r.Status != health.Error || !strings.Contains(r.Err.Error(), "panicked at health_test.go:") || strings.Contains(r.Err.Error(), "secret") {
			t.Errorf("got %+v", r)
		}
	})
}

func TestReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f fake
		f.answer(errors.Join(errors.New("partition logs/3 has not moved for 31s"), errors.New("partition logs/4 stopped")))
		c := start(t,
			health.Check{Name: "partitions", Readiness: true, Run: f.run},
			health.Check{Name: "mail", Kind: health.External, Run: func(context.Context) error { return errors.New("down") }},
		)
		want := []string{"partitions: partition logs/3 has not moved for 31s", "partitions: partition logs/4 stopped"}
		if got := c.NotReady(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		f.answer(nil)
		time.Sleep(health.DefaultInterval)
		synctest.Wait()
		if got := c.NotReady(); len(got) != 0 {
			t.Errorf("ready: %q", got)
		}
		if got := status(c, health.External); !slices.Equal(got, []string{"mail ERROR"}) {
			t.Errorf("external: %v", got)
		}
	})
}

func TestNotReadyBeforeTheFirstResult(t *testing.T) {
	c, err := health.New(health.Check{Name: "store", Readiness: true, Run: func(context.Context) error { return nil }})
	if err != nil || len(c.NotReady()) != 1 {
		t.Errorf("%v, %v", c.NotReady(), err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		c, err := health.New(
			health.Check{Name: "good", Run: func(context.Context) error { return nil }},
			health.Check{Name: "hangs", Timeout: time.Second, Run: func(context.Context) error { <-hang; return nil }},
		)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		c.Run(ctx)
		if got := status(c); !slices.Equal(got, []string{"good OK", "hangs TIMEOUT"}) {
			t.Errorf("after the end: %v", got)
		}
		close(hang)
	})
}

func TestWrongChecks(t *testing.T) {
	run := func(context.Context) error { return nil }
	for _, checks := range [][]health.Check{
		{{Name: "", Run: run}}, {{Name: "a"}}, {{Name: "a", Run: run}, {Name: "a", Run: run}},
	} {
		if _, err := health.New(checks...); err == nil {
			t.Errorf("no error for %d checks", len(checks))
		}
	}
}

func TestResultAsJSON(t *testing.T) {
	got, err := json.Marshal(health.Result{Name: "kafka", Status: health.Timeout, StatusTime: time.Unix(0, 0).UTC(), Err: errors.New("secret")})
	if want := `{"Name":"kafka","Status":"TIMEOUT","StatusTime":"1970-01-01T00:00:00Z"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
