package kafka_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/pipeline/kafka"
)

func mechanism(t *testing.T, name, user, password string) sasl.Mechanism {
	t.Helper()
	algorithm := scram.SHA256
	switch name {
	case "PLAIN":
		return plain.Mechanism{Username: user, Password: password}
	case "SCRAM-SHA-512":
		algorithm = scram.SHA512
	}
	m, err := scram.Mechanism(algorithm, user, password)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSecurity(t *testing.T) {
	for _, name := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		for _, secure := range []bool{false, true} {
			label := name
			if secure {
				label += " over TLS"
			}
			t.Run(label, func(t *testing.T) {
				b, producer := one(t, testbroker.Options{TLS: secure, Users: []testbroker.User{{Mechanism: name, Name: "u", Password: "p"}}})
				fill(t, producer, "logs", 2)
				fetchers(t, func(t *testing.T, plain bool) {
					cfg := config(b, "logs")
					cfg.Plain, cfg.SASL = plain, mechanism(t, name, "u", "p")
					got := read(t, cfg, 0, nil)
					if got.err != nil {
						t.Fatal(got.err)
					}
					wantNumbers(t, got.values, 0, 20)
				})
				t.Run("wrong password", func(t *testing.T) {
					cfg := config(b, "logs")
					cfg.SASL = mechanism(t, name, "u", "wrong-secret")
					wantFatal(t, cfg, b.Addrs()[0], "user and password")
				})
			})
		}
	}
}

// wantFatal wants Run to end by itself with an error of one line that holds all parts.
func wantFatal(t *testing.T, cfg kafka.Config, parts ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := newSource(t, cfg).Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		p.MoveTo(0)
		for ctx.Err() == nil {
			b, err := p.Next(ctx)
			if err != nil {
				return
			}
			b.Release()
		}
	})
	if err == nil {
		t.Fatal("Run gave no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("%q has several lines or the password", err)
	}
}

func TestTLSOnly(t *testing.T) {
	b, producer := one(t, testbroker.Options{TLS: true})
	fill(t, producer, "logs", 2)
	got := read(t, config(b, "logs"), 0, nil)
	wantNumbers(t, got.values, 0, 20)

	t.Run("unknown authority", func(t *testing.T) {
		cfg := config(b, "logs")
		cfg.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
		wantFatal(t, cfg, b.Addrs()[0], "certificate")
	})
	t.Run("without TLS", func(t *testing.T) {
		cfg := config(b, "logs")
		cfg.TLS, cfg.UntilEnd, cfg.GiveUp = nil, true, 300*time.Millisecond
		wantFatal(t, cfg, "TLS")
	})
}

func TestNoTLSThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096)) // Kafka hangs up on what it takes for a huge request
			_ = c.Close()
		}
	}()
	cfg := kafka.Config{Brokers: []string{listener.Addr().String()}, Topics: []string{"logs"}, Group: "g", TLS: &tls.Config{},
		UntilEnd: true, GiveUp: 300 * time.Millisecond}
	wantFatal(t, cfg, listener.Addr().String(), "does its port speak TLS?")
}

func TestMissingTopic(t *testing.T) {
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs": 1}})
	wantFatal(t, config(b, "logs", "typo"), "typo", "no such topic", "create it")
}

func TestTopicThatComesLate(t *testing.T) {
	b := start(t, testbroker.Options{})
	cfg := config(b, "logs")
	cfg.TopicWait = 20 * time.Second
	l := newLedger()
	join(t, cfg, l)
	// The source has asked for it at least twice before it is there.
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	asked := b.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Observe: true, Count: -1})
	if err := asked.Wait(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if err := b.CreateTopic("logs", 1); err != nil {
		t.Fatal(err)
	}
	fill(t, newProducer(t, b, testbroker.None), "logs", 1)
	l.wait(t, 10)
}

func TestNoRightOnTheTopic(t *testing.T) {
	group := kfake.ACL{Resource: kmsg.ACLResourceTypeGroup, Name: "*", Pattern: kmsg.ACLResourcePatternTypeLiteral,
		Operation: kmsg.ACLOperationAll, Allow: true}
	describe := kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: "logs", Pattern: kmsg.ACLResourcePatternTypeLiteral,
		Operation: kmsg.ACLOperationDescribe, Allow: true}
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs": 1},
		Users: []testbroker.User{{Mechanism: "PLAIN", Name: "admin", Password: "admin"}},
		Kfake: []kfake.Opt{kfake.EnableACLs(), kfake.User("PLAIN", "describer", "p", group, describe), kfake.User("PLAIN", "nobody", "p", group)}})
	for user, what := range map[string]string{"describer": "Read", "nobody": "Describe"} {
		cfg := config(b, "logs")
		cfg.SASL = mechanism(t, "PLAIN", user, "p")
		wantFatal(t, cfg, "logs", what)
	}
}

func TestUnreachable(t *testing.T) {
	var d testbroker.Dialer
	d.Refuse(true)
	cfg := kafka.Config{Brokers: []string{"127.0.0.1:1", "127.0.0.1:2"}, Topics: []string{"logs"}, Group: "g", Dial: d.Dial,
		UntilEnd: true, GiveUp: 500 * time.Millisecond}
	wantFatal(t, cfg, "127.0.0.1:", "gave up")
	if d.Dials() > 20 {
		t.Errorf("%d tries in half a second", d.Dials())
	}
}

// syncBuffer is a log's target that a test can read meanwhile.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestOutageShowsAndPasses(t *testing.T) {
	b, producer := one(t, testbroker.Options{})
	fill(t, producer, "logs", 1)
	var d testbroker.Dialer
	var lines syncBuffer
	cfg := config(b, "logs")
	cfg.Dial, cfg.Logger = d.Dial, slog.New(slog.NewTextHandler(&lines, nil))
	cfg.SessionTimeout = time.Minute
	cfg.HeartbeatInterval = 30 * time.Second // so that the group does not notice
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := newSource(t, cfg).Run(ctx, func(_ context.Context, p pipeline.Partition) {
		defer cancel()
		r := reading{}
		p.MoveTo(0)
		next := func(want string) {
			t.Helper()
			b, err := p.Next(ctx)
			if err != nil {
				t.Errorf("Next: %v", err)
				return
			}
			r.values = append(r.values, string(b.Messages[0].Value))
			if r.values[len(r.values)-1] != want {
				t.Errorf("got %v, want %s", r.values, want)
			}
			b.Release()
		}
		next("0")
		d.Refuse(true)
		for p.Stats().Err == nil && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		d.Refuse(false)
		for p.Stats().Err != nil && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		if err := producer.Values(ctx, "logs", 0, "later"); err != nil {
			t.Error(err)
		}
		next("later")
		if s := p.Stats(); s.End != 11 || s.LastFetch.IsZero() || s.Err != nil {
			t.Errorf("stats %+v", s)
		}
	})
	if err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("Run: %v", err)
	}
	for text, want := range map[string]int{"cannot read for now": 1, "reading again": 1} {
		if got := strings.Count(lines.String(), text); got != want {
			t.Errorf("%q was logged %d times, want %d:\n%s", text, got, want, lines.String())
		}
	}
}

func TestDivergingEpoch(t *testing.T) {
	b, producer := one(t, testbroker.Options{})
	fill(t, producer, "logs", 2)
	answered := 0
	b.Cluster().ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.Cluster().KeepControl()
		in := req.(*kmsg.FetchRequest)
		p := in.Topics[0].Partitions[0]
		if p.FetchOffset != 20 {
			return nil, nil, false
		}
		if p.LastFetchedEpoch < 0 || p.CurrentLeaderEpoch < 0 {
			t.Errorf("fetch at 20 names no epochs: %+v", p)
		}
		answered++
		resp := in.ResponseKind().(*kmsg.FetchResponse)
		topic := kmsg.NewFetchResponseTopic()
		topic.Topic, topic.TopicID = in.Topics[0].Topic, in.Topics[0].TopicID
		part := kmsg.NewFetchResponseTopicPartition()
		part.DivergingEpoch.Epoch, part.DivergingEpoch.EndOffset = 0, 12
		topic.Partitions = append(topic.Partitions, part)
		resp.Topics = append(resp.Topics, topic)
		return resp, nil, true
	})
	var got reading
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := newSource(t, config(b, "logs")).Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		defer cancel()
		got = follow(ctx, t, p, 0, nil)
	}); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(got.err, pipeline.ErrTruncated) || !strings.Contains(got.err.Error(), "12") || answered != 1 {
		t.Errorf("got %v after %d answers", got.err, answered)
	}
	wantNumbers(t, got.values, 0, 20)
}

func TestConfigErrors(t *testing.T) {
	_, err := kafka.New(kafka.Config{Brokers: []string{"nowhere"}, Topics: []string{"a b"}, TopicPattern: "(", FetchBytes: 1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{`"nowhere"`, `"a b"`, "only one of them", "missing closing", "group", "fetch bytes"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	for _, s := range []string{"earliest", "latest", "2026-01-31T07:00:00Z"} {
		start, err := kafka.ParseStart(s)
		if err != nil || start.String() != s {
			t.Errorf("ParseStart(%q): %v, %v", s, start, err)
		}
	}
	if _, err := kafka.ParseStart("yesterday"); err == nil || !strings.Contains(err.Error(), "yesterday") {
		t.Errorf("ParseStart: %v", err)
	}
}

func TestBytesAreCounted(t *testing.T) {
	b, producer := one(t, testbroker.Options{})
	fill(t, producer, "logs", 5)
	var mu sync.Mutex
	var read_, written int
	cfg := config(b, "logs")
	cfg.OnBytes = func(r, w int) {
		mu.Lock()
		defer mu.Unlock()
		read_, written = read_+r, written+w
	}
	read(t, cfg, 0, nil)
	if read_ < 500 || written < 200 {
		t.Errorf("%d bytes read, %d written", read_, written)
	}
}
