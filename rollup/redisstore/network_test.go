//go:build e2e

package redisstore_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/testredis"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/redisstore"
)

// proxy stands between store and server, and can be slow or lose replies.
type proxy struct {
	listener net.Listener
	server   string
	delay    atomic.Int64 // of every piece of a reply
	cut      atomic.Bool  // close the connection instead of passing on the next reply
	open     sync.WaitGroup
}

func startProxy(t *testing.T, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, server: server}
	p.open.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.open.Wait()
	})
	return p
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.open.Go(func() { p.serve(client) })
	}
}

func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	p.open.Go(func() {
		_, _ = io.Copy(server, client) // until either side closes
		_ = server.Close()
	})
	defer func() { _ = server.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil || p.cut.CompareAndSwap(true, false) {
			return
		}
		time.Sleep(time.Duration(p.delay.Load()))
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) url() string { return "redis://" + p.listener.Addr().String() }

// TestLostReply has a commit take effect and its reply get lost: the second try is told so.
func TestLostReply(t *testing.T) {
	server := start(t, testredis.Redis)
	p := startProxy(t, server.Addr())
	s := open(t, p.url(), redisstore.Options{})
	fence := claim(t, s).Fence
	wantResult(t, s, step(fence, 0, 10), rollup.Committed, 10)
	for base := int64(10); base < 50; base += 10 {
		p.cut.Store(true)
		_, err := s.Commit(t.Context(), step(fence, base, base+10))
		wantError(t, err, "the connection was closed")
		wantResult(t, s, step(fence, base, base+10), rollup.Already, base+10)
	}
	p.cut.Store(true)
	if _, err := s.Claim(t.Context(), logs0); err == nil {
		t.Error("a claim without a reply")
	}
	if after := claim(t, s); after.Fence <= fence || after.Offset != 50 {
		t.Errorf("claim %+v", after)
	}
	wantTotal(t, s, 50)
}

// TestSlow has every reply take a second.
func TestSlow(t *testing.T) {
	server := start(t, testredis.Redis)
	p := startProxy(t, server.Addr())
	s := open(t, p.url(), redisstore.Options{})
	fence := claim(t, s).Fence
	p.delay.Store(int64(time.Second))
	wantResult(t, s, step(fence, 0, 10), rollup.Committed, 10)
	// Those that come while it is waited for share the next pipeline.
	const partitions = 8
	began := time.Now()
	var workers sync.WaitGroup
	for i := range int32(partitions) {
		workers.Go(func() {
			c := step(fence, 0, 10)
			c.TopicPartition = rollup.TopicPartition{Topic: "logs", Partition: 1 + i}
			if r, err := s.Commit(t.Context(), c); err != nil || r.Outcome != rollup.Committed {
				t.Errorf("%v, %v", r, err)
			}
		})
	}
	workers.Wait()
	if took := time.Since(began); took > partitions*time.Second/2 {
		t.Errorf("%d commits took %v: they went one by one", partitions, took)
	}
	p.delay.Store(0)
	wantTotal(t, s, 10+10*partitions)
}

// TestStrict has commits wait for the disk of the server and of a replica.
func TestStrict(t *testing.T) {
	master := start(t, testredis.Valkey, "--appendonly", "yes", "--appendfsync", "everysec")
	url := "redis://" + master.Addr()
	local := open(t, url, redisstore.Options{Strict: redisstore.StrictLocal})
	fence := claim(t, local).Fence
	wantResult(t, local, step(fence, 0, 10), rollup.Committed, 10)
	master.Kill() // at once: what was confirmed is on disk
	if err := master.Start(); err != nil {
		t.Fatal(err)
	}
	again(t, local, step(fence, 10, 20), rollup.Committed, 20)

	both := open(t, url, redisstore.Options{Strict: redisstore.StrictReplica})
	_, err := both.Claim(t.Context(), logs0)
	wantError(t, err, "no replica has it on its disk within 4s")
	replica := start(t, testredis.Valkey, "--appendonly", "yes", "--replicaof", "127.0.0.1", portOf(master))
	if err := replica.Await("master_link_status:up", "INFO", "replication"); err != nil {
		t.Fatal(err)
	}
	fence = claim(t, both).Fence
	wantResult(t, both, step(fence, 20, 30), rollup.Committed, 30)
	replica.Kill()
	_, err = both.Commit(t.Context(), step(fence, 30, 40))
	wantError(t, err, "not yet confirmed")
	_, err = both.Commit(t.Context(), step(fence, 30, 40)) // done already, but that is not confirmed either
	wantError(t, err, "not yet confirmed")
	if err := replica.Start(); err != nil {
		t.Fatal(err)
	}
	if err := replica.Await("master_link_status:up", "INFO", "replication"); err != nil {
		t.Fatal(err)
	}
	again(t, both, step(fence, 30, 40), rollup.Already, 40)
	wantTotal(t, both, 40)

	without := start(t, testredis.Valkey)
	wantError(t, errorOf(t, "redis://"+without.Addr(), redisstore.Options{Strict: redisstore.StrictLocal}), "appendonly is no, expected yes")
}

func TestStrictCluster(t *testing.T) {
	nodes := startCluster(t, testredis.Valkey, "--appendonly", "yes")
	s := open(t, "redis+cluster://"+nodes[0].Addr(), redisstore.Options{Strict: redisstore.StrictLocal})
	var workers sync.WaitGroup
	for i := range int32(6) {
		workers.Go(func() {
			c := step(0, 0, 10)
			c.TopicPartition = rollup.TopicPartition{Topic: "logs", Partition: i}
			claim, err := s.Claim(t.Context(), c.TopicPartition)
			if err != nil {
				t.Error(err)
				return
			}
			c.Fence = claim.Fence
			if r, err := s.Commit(t.Context(), c); err != nil || r.Outcome != rollup.Committed {
				t.Errorf("%v, %v", r, err)
			}
		})
	}
	workers.Wait()
	wantTotal(t, s, 60)
}
