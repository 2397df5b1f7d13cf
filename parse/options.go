package parse

import (
	"errors"
	"fmt"

	"github.com/valyala/fastjson"
)

// Options are a Parser's settings; the zero value gives the defaults.
type Options struct {
	// MaxLine is the longest line, and the longest joined record, in bytes (default 1 MiB); what is
	// longer is TooLong. A Parser takes up to about 40 times as much memory while it reads such a line.
	MaxLine int
	// MaxDepth is how deep objects and arrays may be nested (default and most: 300); deeper is TooDeep.
	MaxDepth int
	// Aliases maps a field (level, time, key, request_id, trace_id, duration, status, service, env) to
	// names that are tried before the built-in ones. A dotted name is a flat key or a nested path. For
	// duration the name's ending tells the unit: _ms, _us, _ns, _s and the like; else milliseconds.
	Aliases map[string][]string
	// JoinLimits bounds what is held of split records.
	JoinLimits JoinLimits
}

// JoinLimits bounds the fragments of split records that wait for their end. All bounds are functions
// of the lines read, never of a clock, so that reading again gives the same result.
//
// A record whose last fragment is Idle lines back is given up alone. When one of the other bounds is
// reached, all held fragments are given up together: what a parser holds is then a function of
// the lines since the oldest held fragment, which a restart relies on (see Parser.OldestHeld).
type JoinLimits struct {
	Groups int // records that may be incomplete at a time (default 64)
	Bytes  int // their memory in all (default 4 MiB, or four times MaxLine if that is more)
	Idle   int // lines since a record's newest fragment (default 5,000)
	Age    int // lines since a record's first fragment (default 10,000): how far back a restart reads
}

// Defaults of Options and JoinLimits.
const (
	DefaultMaxLine = 1 << 20
	defaultGroups  = 64
	defaultBytes   = 4 << 20
	defaultIdle    = 5_000
	defaultAge     = 10_000
)

func (o *Options) setDefaults() {
	setDefault(&o.MaxLine, DefaultMaxLine)
	setDefault(&o.MaxDepth, fastjson.MaxDepth)
	setDefault(&o.JoinLimits.Groups, defaultGroups)
	setDefault(&o.JoinLimits.Bytes, max(defaultBytes, 4*o.MaxLine))
	setDefault(&o.JoinLimits.Idle, defaultIdle)
	setDefault(&o.JoinLimits.Age, defaultAge)
}

func setDefault(v *int, value int) {
	if *v == 0 {
		*v = value
	}
}

// validate reports all settings that cannot be used.
func (o *Options) validate() error {
	var errs []error
	positive := func(name string, v int) {
		if v < 0 {
			errs = append(errs, fmt.Errorf("parse: %s is %d, expected a positive number", name, v))
		}
	}
	positive("MaxLine", o.MaxLine)
	positive("MaxDepth", o.MaxDepth)
	positive("JoinLimits.Groups", o.JoinLimits.Groups)
	positive("JoinLimits.Bytes", o.JoinLimits.Bytes)
	positive("JoinLimits.Idle", o.JoinLimits.Idle)
	positive("JoinLimits.Age", o.JoinLimits.Age)
	if o.MaxDepth > fastjson.MaxDepth {
		errs = append(errs, fmt.Errorf("parse: MaxDepth is %d, expected at most %d", o.MaxDepth, fastjson.MaxDepth))
	}
	return errors.Join(errs...)
}
