package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// What is needed of a server: functions came with 7.0, waiting for the disk with 7.2.
var (
	oldest       = version{7, 0}
	oldestStrict = version{7, 2}
)

// checkServers looks at the settings that exactness depends on, on every master.
func checkServers(ctx context.Context, client redis.UniversalClient, opts Options) error {
	_, isCluster := client.(*redis.ClusterClient)
	var warned sync.Once // the servers of a cluster are set up alike
	return eachMaster(ctx, client, func(ctx context.Context, node *redis.Client) error {
		text, err := node.Info(ctx).Result()
		if isReply(err, "NOPERM") {
			warned.Do(func() { opts.Logger.Warn("not permitted to read the Redis server's settings (INFO); not checked") })
			return nil
		}
		if err != nil {
			return err
		}
		info := parseInfo(text)
		if err := checkVersion(info, opts.Strict); err != nil {
			return err
		}
		if info["cluster_enabled"] == "1" && !isCluster {
			return errors.New("the Redis server is a cluster; use redis+cluster://")
		}
		if info["role"] == "slave" {
			return errors.New("the Redis server is a replica, which takes no writes; name the master, or use redis+sentinel://")
		}
		settings, err := settings(ctx, node)
		if err != nil {
			return err
		}
		if settings == nil {
			warned.Do(func() {
				opts.Logger.Warn("not permitted to read the Redis server's settings (CONFIG GET); make sure that maxmemory-policy is noeviction and appendonly is on")
			})
			settings = map[string]string{"maxmemory-policy": info["maxmemory_policy"]}
		}
		return checkSettings(settings, opts, &warned)
	})
}

func checkVersion(info map[string]string, strict Strict) error {
	found := info["redis_version"]
	if valkey := info["valkey_version"]; valkey != "" {
		found = valkey
	}
	switch v := parseVersion(found); {
	case v.less(oldest):
		return fmt.Errorf("the Redis server has version %s, expected %s or later", strings.Map(printable, found), oldest)
	case strict != StrictOff && v.less(oldestStrict):
		return fmt.Errorf("the Redis server has version %s, expected %s or later for store_strict: %s (WAITAOF)", strings.Map(printable, found), oldestStrict, strict)
	}
	return nil
}

// settings gives what is configured; nil when we may not know.
func settings(ctx context.Context, node *redis.Client) (map[string]string, error) {
	all := make(map[string]string)
	for _, name := range []string{"maxmemory-policy", "appendonly", "appendfsync"} { // several at once came with 7.0
		found, err := node.ConfigGet(ctx, name).Result()
		if isReply(err, "NOPERM") || isReply(err, "ERR unknown command") {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		all[name] = found[name]
	}
	return all, nil
}

func checkSettings(settings map[string]string, opts Options, warned *sync.Once) error {
	if policy := settings["maxmemory-policy"]; policy != "" && policy != "noeviction" {
		return fmt.Errorf("the Redis server may delete counts when its memory is full: maxmemory-policy is %s, expected noeviction", policy)
	}
	switch {
	case settings["appendonly"] == "no" && opts.Strict != StrictOff:
		return fmt.Errorf("store_strict: %s needs the Redis server's append-only file: appendonly is no, expected yes", opts.Strict)
	case settings["appendonly"] == "no":
		warned.Do(func() {
			opts.Logger.Warn("the Redis server has no append-only file (appendonly no): after its crash, all since its last snapshot is counted again, as far as Kafka still holds it",
				slog.String("expected", "appendonly yes, appendfsync everysec"))
		})
	case settings["appendfsync"] == "no":
		warned.Do(func() {
			opts.Logger.Warn("the Redis server leaves it to the system when to write (appendfsync no): after its machine's crash, about the last 30 s are counted again",
				slog.String("expected", "appendfsync everysec"))
		})
	}
	return nil
}

// parseInfo reads the answer of INFO.
func parseInfo(text string) map[string]string {
	info := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			info[name] = value
		}
	}
	return info
}

// version is major and minor.
type version [2]int

func parseVersion(text string) (v version) {
	_, _ = fmt.Sscanf(text, "%d.%d", &v[0], &v[1]) // what cannot be read is too old
	return v
}

func (v version) less(other version) bool {
	return v[0] < other[0] || v[0] == other[0] && v[1] < other[1]
}

func (v version) String() string { return fmt.Sprintf("%d.%d", v[0], v[1]) }
