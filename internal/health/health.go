// Package health runs checks in the background and keeps the last result of each, so that whoever asks
// is answered at once, also while a check hangs.
package health

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/logproc/logproc/internal/crash"
)

// Defaults of Check.
const (
	DefaultInterval = 10 * time.Second
	DefaultTimeout  = 5 * time.Second
)

// Kind tells what a check looks at.
type Kind uint8

// A check looks at the program itself or at something that it depends on.
const (
	Internal Kind = iota
	External
)

// Status is the outcome of a check.
type Status string

// The outcomes, as in the status page.
const (
	OK      Status = "OK"
	Timeout Status = "TIMEOUT"
	Error   Status = "ERROR"
)

// Check is something to look at again and again.
type Check struct {
	Name string
	Kind Kind
	// Readiness says that the program is not ready unless the check is OK.
	Readiness bool
	// Interval is the time between two runs (default 10s).
	Interval time.Duration
	// Timeout ends a run (default 5s): its context then ends and its status is TIMEOUT, whether or not
	// it returns. It is run again only after it has returned.
	Timeout time.Duration
	// Run gives nil when all is well. It is never called twice at the same time.
	Run func(ctx context.Context) error
}

// Result is the outcome of a check's last run. Its JSON form is that of the status page, without the error's text.
type Result struct {
	Name       string
	Status     Status
	StatusTime time.Time // when the outcome was known

	// Err says why the status is not OK.
	Err error `json:"-"`
}

// errPending is the result before the first run has ended.
var errPending = errors.New("it has not been checked yet")

// ErrTimeout is wrapped by Result.Err when a check takes too long.
var ErrTimeout = errors.New("no answer")

// Checker runs checks. It is safe for concurrent use.
type Checker struct {
	checks []*running
}

// running is a check with its state.
type running struct {
	Check

	mu    sync.Mutex
	last  Result
	since time.Time // when the run under way began; zero when there is none
}

// New makes a checker of checks with distinct names. Until the first run has ended a check's status is ERROR.
func New(checks ...Check) (*Checker, error) {
	c := &Checker{}
	seen := make(map[string]bool)
	for _, check := range checks {
		switch {
		case check.Name == "" || check.Run == nil:
			return nil, fmt.Errorf("health check %q: it needs a name and a function", check.Name)
		case seen[check.Name]:
			return nil, fmt.Errorf("health check %q: there are two of that name", check.Name)
		}
		seen[check.Name] = true
		if check.Interval <= 0 {
			check.Interval = DefaultInterval
		}
		if check.Timeout <= 0 {
			check.Timeout = DefaultTimeout
		}
		c.checks = append(c.checks, &running{Check: check,
			last: Result{Name: check.Name, Status: Error, StatusTime: time.Now().UTC(), Err: errPending}})
	}
	return c, nil
}

// Run runs every check in a goroutine of its own, at once and then at its interval, until ctx ends. It
// waits for the runs under way no longer than their time-outs.
func (c *Checker) Run(ctx context.Context) {
	var loops sync.WaitGroup
	longest := time.Duration(0)
	for _, r := range c.checks {
		longest = max(longest, r.Timeout)
		loops.Go(func() { r.loop(ctx) })
	}
	ended := make(chan struct{})
	go func() {
		loops.Wait()
		close(ended)
	}()
	<-ctx.Done()
	select {
	case <-ended:
	case <-time.After(longest): // a check that does not obey its context is left behind
	}
}

func (r *running) loop(ctx context.Context) {
	ticks := time.NewTicker(r.Interval)
	defer ticks.Stop()
	for ctx.Err() == nil {
		r.once(ctx)
		select {
		case <-ticks.C:
		case <-ctx.Done():
		}
	}
}

// once runs the check and keeps its result. A run that the end of the program has cut short has none.
func (r *running) once(ctx context.Context) {
	began := time.Now()
	r.mu.Lock()
	r.since = began
	r.mu.Unlock()

	limited, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	err := guarded(limited, r.Check.Run)

	r.mu.Lock()
	defer r.mu.Unlock()
	r.since = time.Time{}
	now := time.Now()
	switch {
	case now.Sub(began) >= r.Timeout:
		r.last = r.timedOut(began)
	case ctx.Err() != nil:
	case err != nil:
		r.last = Result{Name: r.Name, Status: Error, StatusTime: now.UTC(), Err: err}
	default:
		r.last = Result{Name: r.Name, Status: OK, StatusTime: now.UTC()}
	}
}

// guarded turns a panic into an error with the place where it happened.
func guarded(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("defect: the check panicked at %s", crash.Site())
		}
	}()
	return run(ctx)
}

func (r *running) timedOut(began time.Time) Result {
	return Result{Name: r.Name, Status: Timeout, StatusTime: began.Add(r.Timeout).UTC(), Err: fmt.Errorf("%w within %s", ErrTimeout, r.Timeout)}
}

// result gives the last outcome; that of a run that is taking too long is known before it returns.
func (r *running) result() Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.since.IsZero() && time.Since(r.since) >= r.Timeout {
		return r.timedOut(r.since)
	}
	return r.last
}

// Results gives the results of the checks of some kinds, or of all, in the order in which they were given to New.
func (c *Checker) Results(kinds ...Kind) []Result {
	list := make([]Result, 0, len(c.checks))
	for _, r := range c.checks {
		if len(kinds) == 0 || slices.Contains(kinds, r.Kind) {
			list = append(list, r.result())
		}
	}
	return list
}

// NotReady gives the reasons why the program is not ready, one line each; none when it is.
func (c *Checker) NotReady() []string {
	var reasons []string
	for _, r := range c.checks {
		if !r.Readiness {
			continue
		}
		if result := r.result(); result.Status != OK {
			for line := range strings.Lines(result.Err.Error()) {
				reasons = append(reasons, r.Name+": "+strings.TrimSpace(line))
			}
		}
	}
	return reasons
}
