package parse_test

import (
	"encoding/json"
	"fmt"
)

// The functions below wrap a line as the shippers do.

const wrapTime = "2020-01-02T03:04:05.678901234Z"

func quote(line []byte) []byte {
	q, err := json.Marshal(string(line))
	if err != nil {
		panic(err)
	}
	return q
}

func wrapDocker(line []byte) []byte {
	return fmt.Appendf(nil, `{"log":%s,"stream":"stdout","time":"%s"}`, quote(append(line[:len(line):len(line)], '\n')), wrapTime)
}

func wrapCRI(line []byte) []byte { return fmt.Appendf(nil, "%s stdout F %s", wrapTime, line) }
