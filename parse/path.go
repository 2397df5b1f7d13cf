package parse

import (
	"strings"

	"github.com/valyala/fastjson"
)

// Path names a field of an application's own object: a flat key, or a dotted path into nested objects.
type Path struct {
	name string
}

// NewPath makes a Path of a name such as "callName" or "http.request.method".
func NewPath(name string) Path { return Path{name} }

// String gives the path as written.
func (p Path) String() string { return p.name }

// Get gives the value of a field of the application's own object, or of an OTLP record's attributes;
// nil when there is none. A flat key of that name goes before a nested path, and of a key that comes
// twice the first is given (fastjson's order; the fields of Record itself take the last). The value
// is valid as long as the record.
func (r *Record) Get(p Path) *fastjson.Value {
	if r.attributes != nil {
		if v := attribute(r.attributes, p.name); v != nil {
			return v
		}
	}
	return p.in(r.Object)
}

// Lookup is Get for a name that is not known beforehand.
func (r *Record) Lookup(name string) *fastjson.Value { return r.Get(Path{name}) }

// in follows the path from an object; nil when it leads nowhere.
func (p Path) in(v *fastjson.Value) *fastjson.Value { return follow(v, p.name) }

func follow(v *fastjson.Value, name string) *fastjson.Value {
	o := v.GetObject()
	if o == nil {
		return nil
	}
	if found := o.Get(name); found != nil {
		return found
	}
	for i := strings.IndexByte(name, '.'); i >= 0; {
		if found := follow(o.Get(name[:i]), name[i+1:]); found != nil {
			return found
		}
		next := strings.IndexByte(name[i+1:], '.')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return nil
}
