// Package crash tells where a panic came from without telling what it was about: a panic's value may
// hold what nobody should read.
package crash

import (
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Site gives file:line of the frame that panicked. It is called in the deferred function that recovers.
func Site() string {
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			return filepath.Base(f.File) + ":" + strconv.Itoa(f.Line)
		}
		if !more {
			return "unknown"
		}
	}
}
