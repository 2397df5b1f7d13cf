package rules

import (
	"fmt"
	"slices"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/parse"
)

// callsFile is a file of call rules as it is written.
type callsFile struct {
	Calls []callEntry `yaml:"calls" help:"how calls between services look"`
}

type callEntry struct {
	Name      string       `yaml:"name" help:"name of the rule"`
	Show      bool         `yaml:"show_frames" help:"whether timelines show the frame instead of the record's key"`
	Frames    []frameEntry `yaml:"frames" help:"which records are frames of a call"`
	From      []string     `yaml:"from" help:"fields with the client's name"`
	To        []string     `yaml:"to" help:"fields with the server's name"`
	Operation []string     `yaml:"operation" help:"fields with the operation, where it is not in to"`
	Host      []string     `yaml:"host" help:"fields with the host"`
	Zone      []string     `yaml:"zone" help:"fields with the zone of the host"`
	Error     []string     `yaml:"error" help:"fields with what went wrong"`
	Duration  []string     `yaml:"duration_ms" help:"fields with the duration in milliseconds, where the record has no other"`
}

type frameEntry struct {
	Frame string              `yaml:"frame" help:"start, request, in, out, reply or timeout"`
	When  map[string][]string `yaml:"when" help:"values that fields must have, as globs"`
}

// Bounds of a file of call rules: a record is held against all of them.
const (
	maxCallRules = 32
	maxFrames    = 32
	maxSources   = 32
)

// LoadCalls compiles a file of call rules on top of the built-in one: a list `calls` in it replaces the
// built-in list. name is the file's name in messages. The error is conf.Diagnostics with everything that is
// wrong.
func LoadCalls(name string, data []byte) (*Calls, error) {
	var f callsFile
	if _, diags := conf.Decode("calls.yaml (built-in)", defaultCalls, &f); diags != nil {
		return nil, diags
	}
	doc, _ := conf.Decode(name, data, &f)
	c := callsCompiler{conditionCompiler: conditionCompiler{compiler: compiler{doc: doc}}, calls: new(Calls)}
	c.compile(&f)
	c.calls.paths = c.paths
	if err := doc.Diagnostics().Err(); err != nil {
		return nil, err
	}
	return c.calls, nil
}

type callsCompiler struct {
	conditionCompiler
	calls *Calls
}

func (c *callsCompiler) compile(f *callsFile) {
	c.atMost("calls", len(f.Calls), maxCallRules)
	names := make(map[string]bool)
	for i := range f.Calls {
		e, path := &f.Calls[i], index("calls", i)
		if c.named(path+".name", e.Name) && names[e.Name] {
			c.doc.Errorf(path+".name", "%s.name: there are two rules %q", path, e.Name)
		}
		names[e.Name] = true
		c.calls.rules = append(c.calls.rules, callRule{
			name: e.Name, showFrames: e.Show, frames: c.frames(path, e.Frames),
			from: c.sources(path+".from", e.From), to: c.sources(path+".to", e.To), operation: c.sources(path+".operation", e.Operation),
			host: c.sources(path+".host", e.Host), zone: c.sources(path+".zone", e.Zone), failure: c.sources(path+".error", e.Error),
			duration: c.durations(path+".duration_ms", e.Duration),
		})
		if len(e.To) == 0 {
			c.doc.Add(path, path+" has no to", "the fields with the server's name")
		}
	}
}

func (c *callsCompiler) frames(path string, entries []frameEntry) []callFrame {
	path += ".frames"
	c.atMost(path, len(entries), maxFrames)
	if len(entries) == 0 {
		c.doc.Add(path, path+" is empty", "at least one frame")
	}
	var frames []callFrame
	for i, e := range entries {
		at := index(path, i)
		frame := Frame(slices.Index(frameNames[:], e.Frame))
		if frame == FrameNone || frame >= frameCount {
			c.doc.Add(at+".frame", fmt.Sprintf("%s.frame is %q", at, e.Frame), "start, request, in, out, reply or timeout")
		}
		frames = append(frames, callFrame{frame: frame, conditions: c.conditions(at+".when", e.When)})
	}
	return frames
}

func (c *callsCompiler) sources(path string, names []string) []source {
	c.atMost(path, len(names), maxSources)
	var list []source
	for i, name := range names {
		list = append(list, c.source(index(path, i), name))
	}
	return list
}

func (c *callsCompiler) durations(path string, names []string) []parse.Path {
	c.atMost(path, len(names), maxSources)
	var list []parse.Path
	for i, name := range names {
		if c.named(index(path, i), name) {
			list = append(list, parse.NewPath(name))
		}
	}
	return list
}
