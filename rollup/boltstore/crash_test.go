//go:build unix

package boltstore_test

import (
	"bufio"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/boltstore"
)

// The tests here start this test binary again as a child process; these name what it is to do.
const (
	childPath = "LOGPROC_TEST_STORE"
	childSeed = "LOGPROC_TEST_SEED"
	childTask = "LOGPROC_TEST_TASK"
)

const crashPartitions = 4

// crashCell says what a record counts as.
func crashCell(partition int32, offset int64) rollup.Cell {
	h := (uint64(partition)<<32 + uint64(offset) + 1) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	return rollup.Cell{
		Key: rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Level: parse.Level(h % uint64(parse.LevelCount)),
			Msg: redact.Stored(fmt.Sprintf("order-paid-%d", h>>8%150))},
		Bucket: rollup.Bucket(h >> 16 % 100),
	}
}

func crashBatch(tp rollup.TopicPartition, fence rollup.Fence, base, n int64) *rollup.Commit {
	c := &rollup.Commit{TopicPartition: tp, Fence: fence, Base: base, Next: base + n, Resume: base + n}
	c.Outcomes.Counted = uint64(n)
	tally := make(rollup.Tally)
	for offset := base; offset < c.Next; offset++ {
		cell := crashCell(tp.Partition, offset)
		tally.Add(cell.Key, cell.Bucket, 1)
	}
	c.Counts = tally.Counts()
	return c
}

func child(t *testing.T, task, path string, seed uint64) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childTask+"="+task, childPath+"="+path, fmt.Sprintf("%s=%d", childSeed, seed))
	cmd.Stderr = os.Stderr
	return cmd
}

// TestChild is the child process of the tests below.
func TestChild(t *testing.T) {
	var seed uint64
	_, _ = fmt.Sscan(os.Getenv(childSeed), &seed)
	switch path := os.Getenv(childPath); os.Getenv(childTask) {
	case "commit":
		commitForEver(t, path, seed)
	case "full":
		fillDisk(t, path)
	default: // not a child process
	}
}

// commitForEver commits to all partitions at once, until it is killed.
func commitForEver(t *testing.T, path string, seed uint64) {
	s, err := boltstore.Open(path, boltstore.Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var workers sync.WaitGroup
	for p := range int32(crashPartitions) {
		workers.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(p)))
			tp := rollup.TopicPartition{Topic: "logs", Partition: p}
			claim, err := s.Claim(t.Context(), tp)
			if err != nil {
				t.Error(err)
				return
			}
			if p == 0 {
				fmt.Println("ready")
			}
			for offset := claim.Offset; ; {
				r, err := s.Commit(t.Context(), crashBatch(tp, claim.Fence, offset, 1+random.Int64N(200)))
				if err != nil || r.Outcome != rollup.Committed {
					t.Error(r, err)
					return
				}
				offset = r.Offset
			}
		})
	}
	workers.Wait()
}

// TestKill kills a process that commits at random moments. After each kill the store holds the counts of
// exactly the records below its offsets. (What the operating system has not written when the machine
// loses power is beyond this test: that is what bbolt's fsync is for.)
func TestKill(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	path := filepath.Join(t.TempDir(), "counts.db")
	random := rand.New(rand.NewPCG(7, 7))
	truth := make(rollup.Tally)
	var offsets [crashPartitions]int64
	for round := range rounds {
		cmd := child(t, "commit", path, uint64(round))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Errorf("round %d: the child did not begin: %v", round, err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(120 * time.Millisecond)))) // the moment of the kill, not a wait
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		checkAfterKill(t, path, round, truth, &offsets)
	}
	t.Logf("offsets after %d kills: %v", rounds, offsets)
	if offsets[0] == 0 {
		t.Error("nothing was ever committed")
	}
}

func checkAfterKill(t *testing.T, path string, round int, truth rollup.Tally, offsets *[crashPartitions]int64) {
	t.Helper()
	s, err := boltstore.Open(path, boltstore.Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatalf("round %d: %v", round, err)
	}
	defer func() { _ = s.Close() }()
	ledgers, err := s.Ledgers(t.Context())
	if err != nil {
		t.Fatalf("round %d: %v", round, err)
	}
	for _, l := range ledgers {
		if l.Offset < offsets[l.Partition] || l.Outcomes.Counted != uint64(l.Offset) {
			t.Fatalf("round %d: ledger %+v after offset %d", round, l, offsets[l.Partition])
		}
		for ; offsets[l.Partition] < l.Offset; offsets[l.Partition]++ {
			cell := crashCell(l.Partition, offsets[l.Partition])
			truth.Add(cell.Key, cell.Bucket, 1)
		}
	}
	got := make(rollup.Tally)
	err = s.Counts(t.Context(), rollup.Everything(), func(c rollup.Count) error {
		got[rollup.Cell{Key: c.Key, Bucket: c.Bucket}] = c.N
		return nil
	})
	if err != nil || !maps.Equal(got, truth) {
		t.Fatalf("round %d: the counts are not those of the records below %v (%v)", round, *offsets, err)
	}
}

// TestFullDisk has the system refuse to let the file grow in the middle of a commit.
func TestFullDisk(t *testing.T) {
	cmd := child(t, "full", filepath.Join(t.TempDir(), "counts.db"), 0)
	if out, err := cmd.Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func fillDisk(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ) // writes beyond the limit then fail, as on a full disk
	s := open(t, path)
	var offset int64
	commit := func() error {
		r, err := s.Commit(t.Context(), manyKeys(offset, 1000))
		if err == nil && r.Outcome != rollup.Committed {
			t.Fatalf("%v at offset %d: a commit that failed took effect", r, offset)
		}
		offset = max(offset, r.Offset)
		return err
	}
	check := func() {
		if n, err := total(t, s); err != nil || n != uint64(offset) {
			t.Errorf("%d counted (%v), want %d", n, err, offset)
		}
	}
	if err := commit(); err != nil {
		t.Fatal(err)
	}
	size, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	limit := before
	limit.Cur = uint64(size.Size()) + 100_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for failed < 3 {
		if offset > 1_000_000 {
			t.Fatal("the file grew beyond the limit")
		}
		if err := commit(); err != nil {
			failed++
			check() // reading goes on, and nothing of the failed step is there
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := commit(); err != nil {
			t.Fatalf("with room again: %v", err)
		}
		check()
	}
}
