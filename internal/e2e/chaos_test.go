//go:build e2e

package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"github.com/logproc/logproc/rollup/stores"
)

var (
	chaosFor     = flag.Duration("chaos.for", 75*time.Second, "how long TestChaos injects faults, per seed")
	chaosSeed    = flag.Uint64("chaos.seed", 1, "the first seed of TestChaos")
	chaosSeeds   = flag.Int("chaos.seeds", 1, "how many seeds TestChaos runs one after the other")
	chaosRecords = flag.Int("chaos.records", 1_000_000, "how many records TestChaos counts, per seed")
)

// Three replicas with one Redis count a topic while replicas, Redis and Kafka are killed, stopped, set back
// and replaced; at the end the totals are the generator's, to the last record.
func TestChaos(t *testing.T) {
	for i := range *chaosSeeds {
		seed := *chaosSeed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { runChaos(t, seed) })
	}
}

const (
	chaosPartitions = 6
	chaosSession    = 6 * time.Second // the least that brokers take
	// chaosRecovery is how soon after a replica's death its partitions must be counted again: the session
	// time-out, and two seconds.
	chaosRecovery = chaosSession + 2*time.Second
)

// chaos is the state of one run. Faults come one after the other; only the producer works beside them.
type chaos struct {
	t        *testing.T
	random   *rand.Rand
	topic    string
	redis    *redisServer
	replicas []*replica
	snapshot string // an older copy of Redis's files; empty before the first
	faults   map[string]int
	recovery []time.Duration

	producing sync.RWMutex // held for reading while a share is sent: nothing may be sent twice, so Kafka dies in between
}

// replica is one of several runs with the same group and store.
type replica struct {
	*deployment
	process *process
}

func runChaos(t *testing.T, seed uint64) {
	c := &chaos{t: t, random: rand.New(rand.NewPCG(seed, 2)), topic: newTopic(t, chaosPartitions), redis: startRedis(t, "--appendonly", "yes", "--appendfsync", "everysec"), faults: map[string]int{}}
	t.Cleanup(func() { _, _ = shared.broker("start") }) // the other tests need it, however this one ends
	for range 3 {
		c.join()
	}
	truth := make(map[series]uint64)
	stop := make(chan struct{})
	var producer errgroup.Group
	producer.Go(func() error { return c.produce(seed, truth, stop) })
	for end := time.Now().Add(*chaosFor); time.Now().Before(end) && !t.Failed(); {
		c.injectOne()
		time.Sleep(time.Duration(500+c.random.IntN(2500)) * time.Millisecond)
	}
	close(stop)
	if err := producer.Wait(); err != nil {
		t.Fatal(err)
	}
	c.settle(truth)
}

// produce sends all records in shares of random size and speed, the last ones at once when the faults are over.
func (c *chaos) produce(seed uint64, truth map[series]uint64, stop <-chan struct{}) error {
	random := rand.New(rand.NewPCG(seed, 3))
	usual := float64(*chaosRecords) / chaosFor.Seconds()
	for left := *chaosRecords; left > 0; {
		rate := usual * (0.5 + random.Float64())
		if random.IntN(8) == 0 {
			rate = 10 * usual // a burst
		}
		share := min(left, max(1000, int(rate*(0.5+2*random.Float64()))))
		select {
		case <-stop:
			share, rate = left, 0
		default:
		}
		c.producing.RLock()
		part := load(c.t, c.topic, share, "--seed", strconv.Itoa(random.IntN(1<<30)), "--late", "1", "--bad", "0.1", "--missing", "0.5", "--rate", strconv.FormatFloat(rate, 'f', 0, 64))
		c.producing.RUnlock()
		for s, n := range part {
			truth[s] += n
		}
		left -= share
	}
	return nil
}

func (c *chaos) injectOne() {
	faults := []struct {
		name   string
		weight int
		inject func()
	}{
		{"replica: kill -9", 5, c.killReplica},
		{"replica: SIGTERM and start again", 3, c.restartReplica},
		{"replica: SIGSTOP past the session, SIGCONT", 3, c.pauseReplica},
		{"replica: another one joins or leaves", 3, c.joinOrLeave},
		{"all replicas: restarted one by one", 1, c.rollingRestart},
		{"Redis: kill -9", 3, c.killRedis},
		{"Redis: kill -9, the last second missing", 3, c.cutRedis},
		{"Redis: back from an older snapshot", 3, c.rewindRedis},
		{"Redis: does not answer for some seconds", 2, c.freezeRedis},
		{"Redis: connections cut", 3, c.cutConnections},
		{"Kafka: kill -9", 1, c.killKafka},
	}
	all := 0
	for _, f := range faults {
		all += f.weight
	}
	at := c.random.IntN(all)
	for _, f := range faults {
		if at -= f.weight; at < 0 {
			c.t.Logf("%s  %s", time.Now().Format("15:04:05.000"), f.name)
			c.faults[f.name]++
			f.inject()
			return
		}
	}
}

func (c *chaos) any() *replica { return c.replicas[c.random.IntN(len(c.replicas))] }

// join starts one more replica.
func (c *chaos) join() *replica {
	r := &replica{deployment: newDeployment(c.t, c.topic, "--kafka.session_timeout", chaosSession.String(), "--drain_timeout", "3s",
		"--kafka.metadata_interval", "5s", "--dead_letters.file", "off", "--limits.series", "20000")}
	r.url = c.redis.url()
	r.process = r.start()
	c.replicas = append(c.replicas, r)
	return r
}

func (c *chaos) killReplica() {
	r := c.any()
	owned := map[string]int64{}
	if s, err := r.state(); err == nil {
		owned = s.assigned()
	}
	r.process.stop(syscall.SIGKILL, 5*time.Second)
	died := time.Now()
	if len(owned) > 0 && c.taken(owned, r, died.Add(chaosRecovery)) {
		c.recovery = append(c.recovery, time.Since(died))
	}
	r.process = r.start()
}

// taken waits until the partitions of a replica that died are at work elsewhere; it fails the test at the limit.
func (c *chaos) taken(owned map[string]int64, dead *replica, limit time.Time) bool {
	for {
		left := len(owned)
		for _, r := range c.replicas {
			if r == dead {
				continue
			}
			if s, err := r.state(); err == nil {
				for partition, offset := range s.assigned() {
					if was, mine := owned[partition]; mine && offset >= was {
						left--
					}
				}
			}
		}
		switch {
		case left <= 0:
			return true
		case time.Now().After(limit):
			c.t.Errorf("%d of %d partitions of a replica that was killed are not counted again after %s", left, len(owned), chaosRecovery)
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (c *chaos) restartReplica() {
	r := c.any()
	r.healthy(r.process) // a program that has only just begun is ended by the signal itself
	terminate(c.t, r.process)
	r.process = r.start()
}

// pauseReplica makes a zombie: it wakes up with a batch in its hands that somebody else has counted.
func (c *chaos) pauseReplica() {
	r := c.any()
	_ = r.process.cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(chaosSession + 2*time.Second)
	_ = r.process.cmd.Process.Signal(syscall.SIGCONT)
}

func (c *chaos) joinOrLeave() {
	if len(c.replicas) <= 3 {
		c.join()
		return
	}
	last := len(c.replicas) - 1
	c.replicas[last].healthy(c.replicas[last].process)
	terminate(c.t, c.replicas[last].process)
	c.replicas = c.replicas[:last]
}

func (c *chaos) rollingRestart() {
	for _, r := range c.replicas {
		r.healthy(r.process)
		terminate(c.t, r.process)
		r.process = r.start()
		r.healthy(r.process)
	}
}

func (c *chaos) killRedis() {
	c.redis.Kill()
	time.Sleep(time.Duration(c.random.IntN(3000)) * time.Millisecond)
	c.redis.startAgain()
}

// cutRedis is what a power cut does to a Redis that writes its log to disk once a second.
func (c *chaos) cutRedis() {
	c.redis.Kill()
	c.redis.cutLog(c.random.IntN(200_000))
	c.redis.startAgain()
}

// rewindRedis puts an older copy of Redis's files back, and takes a new one for the next time.
func (c *chaos) rewindRedis() {
	if c.snapshot == "" {
		c.snapshot = c.redis.snapshot()
		time.Sleep(2 * time.Second)
	}
	c.redis.Kill()
	c.redis.restore(c.snapshot)
	c.redis.startAgain()
	c.snapshot = c.redis.snapshot()
}

func (c *chaos) freezeRedis() {
	_ = c.redis.Signal(syscall.SIGSTOP)
	time.Sleep(time.Duration(1+c.random.IntN(6)) * time.Second)
	_ = c.redis.Signal(syscall.SIGCONT)
}

func (c *chaos) cutConnections() {
	for range 5 {
		if _, err := c.redis.Call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"); err != nil {
			c.t.Errorf("cut connections: %v", err)
		}
		time.Sleep(time.Duration(c.random.IntN(400)) * time.Millisecond)
	}
}

func (c *chaos) killKafka() {
	c.producing.Lock() // what the producer has sent is acknowledged, so that the truth is known
	defer c.producing.Unlock()
	if _, err := shared.broker("kill"); err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(time.Duration(c.random.IntN(2000)) * time.Millisecond)
	if _, err := shared.broker("start"); err != nil {
		c.t.Fatal(err)
	}
}

// settle waits until everything is counted and compares it with the truth.
func (c *chaos) settle(truth map[series]uint64) {
	for _, r := range c.replicas {
		if !r.process.running() {
			c.t.Errorf("a replica has ended by itself with exit code %d", r.process.wait(0))
		}
	}
	ends := c.ends()
	eventually(c.t, 2*time.Minute, "count all that is in the topic", func() error { return c.behind(ends) })
	for _, r := range c.replicas {
		s, err := r.state()
		if err != nil {
			c.t.Error(err)
			continue
		}
		for _, p := range s.Partitions {
			if !p.Balanced || len(p.Lost) > 0 {
				c.t.Errorf("the ledger of %s/%d: %+v", p.Topic, p.Partition, p)
			}
		}
		terminate(c.t, r.process)
	}
	got := c.replicas[0].totals()
	compare(c.t, got, truth)
	c.report(sum(got), sum(truth))
	c.checkLedgers(ends)
}

// checkLedgers compares what the store says of every partition with the topic itself.
func (c *chaos) checkLedgers(ends map[int32]int64) {
	store, err := stores.OpenURL(c.t.Context(), c.redis.url(), stores.Options{MustExist: true})
	if err != nil {
		c.t.Fatal(err)
	}
	defer store.Close()
	ledgers, err := store.Ledgers(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, l := range ledgers {
		if l.Offset != ends[l.Partition] || l.Outcomes.Total() != uint64(l.Offset) {
			c.t.Errorf("%s: %d records have an outcome, up to offset %d of %d", l.TopicPartition, l.Outcomes.Total(), l.Offset, ends[l.Partition])
		}
	}
}

// behind tells how far the store is from the ends of the topic.
func (c *chaos) behind(ends map[int32]int64) error {
	store, err := stores.OpenURL(c.t.Context(), c.redis.url(), stores.Options{MustExist: true})
	if err != nil {
		return err
	}
	defer store.Close()
	ledgers, err := store.Ledgers(c.t.Context())
	if err != nil {
		return err
	}
	left := int64(0)
	for _, end := range ends {
		left += end
	}
	for _, l := range ledgers {
		left -= l.Offset
	}
	if left != 0 {
		return fmt.Errorf("%d records are left", left)
	}
	return nil
}

// ends gives the end offset of every partition.
func (c *chaos) ends() map[int32]int64 {
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(shared.kafka), Transport: transport}
	var asked []kafka.OffsetRequest
	for p := range chaosPartitions {
		asked = append(asked, kafka.LastOffsetOf(p))
	}
	answer, err := client.ListOffsets(c.t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{c.topic: asked}})
	if err != nil {
		c.t.Fatal(err)
	}
	ends := map[int32]int64{}
	for _, p := range answer.Topics[c.topic] {
		if p.Error != nil {
			c.t.Fatal(p.Error)
		}
		ends[int32(p.Partition)] = p.LastOffset
	}
	return ends
}

func (c *chaos) report(got, want uint64) {
	var table strings.Builder
	names := make([]string, 0, len(c.faults))
	for name := range c.faults {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&table, "%6d  %s\n", c.faults[name], name)
	}
	slices.Sort(c.recovery)
	if n := len(c.recovery); n > 0 {
		fmt.Fprintf(&table, "after a kill -9 counting went on within %.1f s (median), %.1f s (p99) of %d\n",
			c.recovery[n/2].Seconds(), c.recovery[min(n-1, n*99/100)].Seconds(), n)
	}
	c.t.Logf("faults injected:\n%scounted %d, truth %d, difference %d", table.String(), got, want, int64(got)-int64(want))
}

// runState is the part of /api/v1/status that the test looks at.
type runState struct {
	Partitions []struct {
		Topic     string
		Partition int32
		Assigned  bool
		Offset    int64
		Balanced  bool
		Lost      map[string]uint64
	}
}

func (r *replica) state() (s runState, err error) {
	page, err := r.get("/api/v1/status", "")
	if err == nil {
		err = json.Unmarshal([]byte(page), &s)
	}
	return s, err
}

// assigned gives the committed offset of every partition that the replica works on.
func (s *runState) assigned() map[string]int64 {
	offsets := map[string]int64{}
	for _, p := range s.Partitions {
		if p.Assigned {
			offsets[p.Topic+"/"+strconv.Itoa(int(p.Partition))] = p.Offset
		}
	}
	return offsets
}
