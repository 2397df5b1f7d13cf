package files_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/pipeline/files"
	"github.com/logproc/logproc/pipeline/sourcetest"
	"github.com/logproc/logproc/rollup"
)

func TestConformance(t *testing.T) {
	for name, encode := range map[string]func(t testing.TB, parts ...string) []byte{"plain": plain, "gzip": gzipped, "zstd": zstandard} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Suite{Log: func(t testing.TB) sourcetest.Log {
				log := &fileLog{encode: encode}
				dir := t.TempDir()
				for p := range sourcetest.Partitions {
					path := filepath.Join(dir, strconv.Itoa(p)+".log")
					if err := os.WriteFile(path, nil, 0o600); err != nil {
						t.Fatal(err)
					}
					log.names = append(log.names, path)
				}
				return log
			}}.Run(t)
		})
	}
}

func plain(_ testing.TB, parts ...string) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// fileLog is a log of which every partition is a file, and every batch a member or frame of its own.
type fileLog struct {
	encode func(t testing.TB, parts ...string) []byte
	names  []string
}

func (l *fileLog) Append(t testing.TB, partition int32, records ...sourcetest.Record) {
	t.Helper()
	var text string
	for _, r := range records {
		text += string(r.Value) + "\n"
	}
	f, err := os.OpenFile(l.names[partition], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(l.encode(t, text))
	if err = firstError(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func (l *fileLog) Source(testing.TB, sourcetest.Options) pipeline.Source {
	return numberedSource{files.NewSource(files.Options{Names: l.names}), l.names}
}

// numberedSource numbers the files as the suite numbers partitions; files are all partition 0 of their own topic.
type numberedSource struct {
	pipeline.Source
	names []string
}

func (s numberedSource) Run(ctx context.Context, work func(ctx context.Context, p pipeline.Partition)) error {
	return s.Source.Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		number := slices.Index(s.names, strings.TrimPrefix(p.ID().Topic, "file:"))
		work(ctx, numberedPartition{p, int32(number)})
	})
}

type numberedPartition struct {
	pipeline.Partition
	number int32
}

func (p numberedPartition) ID() rollup.TopicPartition {
	return rollup.TopicPartition{Topic: "files", Partition: p.number}
}
