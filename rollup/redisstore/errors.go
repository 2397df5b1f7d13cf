package redisstore

import "fmt"

func errorOf(doing string, err error) error { return fmt.Errorf("%s: %w", doing, err) }
