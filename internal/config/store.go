package config

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// StoreURL gives the store's URL with the paths in it resolved like all paths of the file.
func (c *Config) StoreURL() string {
	if path, ok := strings.CutPrefix(c.Store, "file:"); ok {
		return "file:" + c.Path(path)
	}
	if base, query, found := strings.Cut(c.Store, "?"); found && isRedis(c.Store) {
		return base + "?" + c.resolveFiles(query)
	}
	return c.Store
}

// resolveFiles resolves the paths in the query of a URL. One that cannot be read is left as it is, for the
// store to refuse.
func (c *Config) resolveFiles(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return query
	}
	for _, name := range []string{"ca", "cert", "key", "password_file", "sentinel_password_file"} {
		if values.Has(name) {
			values.Set(name, c.Path(values.Get(name)))
		}
	}
	return values.Encode()
}

// isRedis reports whether a store's URL names a Redis server; what else is in it the store checks.
func isRedis(store string) bool {
	scheme, _, found := strings.Cut(store, "://")
	base, kind, _ := strings.Cut(scheme, "+")
	return found && (base == "redis" || base == "rediss") && (kind == "" || kind == "unix" || kind == "sentinel" || kind == "cluster")
}

// checkStoreFolder tells of a folder that is not there, in which the store's file is to be made.
func (c *Config) checkStoreFolder() error {
	path, ok := strings.CutPrefix(c.StoreURL(), "file:")
	if !ok {
		return nil
	}
	dir := filepath.Dir(strings.TrimPrefix(path, "//"))
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("store: there is no folder %s; make it", dir)
	}
	return nil
}
