package sourcetest

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/logproc/logproc/pipeline"
)

// testEarlyEnd: work that gives a partition up stops nothing else.
func (s Suite) testEarlyEnd(t *testing.T) {
	log := s.Log(t)
	log.Append(t, 0, values(0, 0, 10)...)
	log.Append(t, 1, values(1, 0, 10)...)
	var mu sync.Mutex
	var got []Got
	RunSource(t, log.Source(t, Options{UntilEnd: true}), func(ctx context.Context, p pipeline.Partition) {
		if p.ID().Partition == 0 {
			return
		}
		all := Collect(ctx, t, p, 0)
		mu.Lock()
		defer mu.Unlock()
		got = all
	})
	wantValues(t, got, 1, 0, 10)
}

// testCancel: Run ends without an error when its context does, after work has returned.
func (s Suite) testCancel(t *testing.T) {
	log := s.Log(t)
	log.Append(t, 0, values(0, 0, 100)...)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var mu sync.Mutex
	working := 0
	err := log.Source(t, Options{}).Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		mu.Lock()
		working++
		mu.Unlock()
		defer func() {
			mu.Lock()
			working--
			mu.Unlock()
		}()
		p.MoveTo(0)
		if p.ID().Partition != 0 {
			<-ctx.Done()
			return
		}
		b, err := p.Next(ctx)
		if err != nil {
			t.Errorf("Next: %v", err)
			cancel()
			return
		}
		cancel()
		<-ctx.Done()
		if len(b.Messages) == 0 || string(b.Messages[0].Value) != string(values(0, 0, 1)[0].Value) {
			t.Error("a batch in hand does not outlast the context's end")
		}
		p.Committed(b.Next, "")
		b.Release()
		if _, err := p.Next(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, io.EOF) {
			t.Errorf("Next after the context's end: %v", err)
		}
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if working != 0 {
		t.Errorf("Run returned with %d workers at work", working)
	}
}

// testWaits: what comes later is read, in order.
func (s Suite) testWaits(t *testing.T) {
	log := s.Log(t)
	log.Append(t, 0, values(0, 0, 5)...)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	progress := make(chan int, 100)
	go func() {
		defer cancel()
		n := 0
		for n < 15 {
			select {
			case got := <-progress:
				n += got
			case <-ctx.Done():
				return
			}
			if n == 5 || n == 10 {
				log.Append(t, 0, values(0, n, 5)...)
			}
		}
	}()
	var mu sync.Mutex
	var all []Got
	err := log.Source(t, Options{}).Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		if p.ID().Partition != 0 {
			<-ctx.Done()
			return
		}
		p.MoveTo(0)
		for {
			b, err := p.Next(ctx)
			if err != nil {
				return
			}
			mu.Lock()
			for _, m := range b.Messages {
				all = append(all, Copy(m))
			}
			mu.Unlock()
			n := len(b.Messages)
			b.Release()
			progress <- n
		}
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	wantValues(t, all, 0, 0, 15)
}

// testCancelWaiting: a wait ends with Run's context.
func (s Suite) testCancelWaiting(t *testing.T) {
	log := s.Log(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	began := time.Now()
	err := log.Source(t, Options{}).Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		p.MoveTo(0)
		time.AfterFunc(20*time.Millisecond, cancel)
		if _, err := p.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Next: %v, want the context's error", err)
		}
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	if took := time.Since(began); took > patience/2 {
		t.Errorf("it took %s to end", took)
	}
}

// testDeadline: a wait that is given up can be taken up again.
func (s Suite) testDeadline(t *testing.T) {
	log := s.Log(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := log.Source(t, Options{}).Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		if p.ID().Partition != 0 {
			<-ctx.Done()
			return
		}
		defer cancel()
		p.MoveTo(0)
		short, stop := context.WithTimeout(ctx, 20*time.Millisecond)
		defer stop()
		if _, err := p.Next(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next: %v, want %v", err, context.DeadlineExceeded)
		}
		log.Append(t, 0, values(0, 0, 3)...)
		var got []Got
		for len(got) < 3 {
			b, err := p.Next(ctx)
			if err != nil {
				t.Errorf("Next: %v", err)
				return
			}
			for _, m := range b.Messages {
				got = append(got, Copy(m))
			}
			b.Release()
		}
		wantValues(t, got, 0, 0, 3)
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}

func (s Suite) testLatest(t *testing.T) {
	log := s.Log(t)
	log.Append(t, 0, values(0, 0, 10)...)
	s.wantStart(t, log, Options{Latest: true}, 10)
}

func (s Suite) testSince(t *testing.T) {
	log := s.Log(t)
	at := time.UnixMilli(1569312000000)
	for i, r := range values(0, 0, 10) {
		r.Time = at.Add(time.Duration(i) * time.Minute)
		log.Append(t, 0, r)
	}
	s.wantStart(t, log, Options{Since: at.Add(150 * time.Second)}, 3)
	s.wantStart(t, log, Options{Since: at}, 0)
	s.wantStart(t, log, Options{Since: at.Add(time.Hour)}, 10)
}

// wantStart checks where partition 0 begins.
func (s Suite) wantStart(t *testing.T, log Log, o Options, want int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := log.Source(t, o).Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		if p.ID().Partition != 0 {
			<-ctx.Done()
			return
		}
		defer cancel()
		got, err := p.Start(ctx)
		if err != nil || got != want {
			t.Errorf("Start: %d, %v, want %d", got, err, want)
		}
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}
