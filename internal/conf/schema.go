package conf

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Expecter is a type that says what its text form looks like, for messages and the manual:
// "a size such as 64MiB", "earliest, latest or an RFC 3339 time".
type Expecter interface{ Expects() string }

// Defaulter is a struct that fills in its defaults before it is decoded as a list item, a map value or
// behind a pointer. The struct given to Decode is filled by the caller.
type Defaulter interface{ SetDefaults() }

var (
	textType      = reflect.TypeFor[encoding.TextUnmarshaler]()
	expecterType  = reflect.TypeFor[Expecter]()
	defaulterType = reflect.TypeFor[Defaulter]()
	durationType  = reflect.TypeFor[time.Duration]()
)

// maxTypeDepth bounds the walk through types that contain themselves.
const maxTypeDepth = 12

// field is a struct's field as the file names it.
type field struct {
	name   string
	index  []int
	help   string
	secret bool
}

// fieldsOf lists the fields that a file can name, those of inlined structs included, in their order.
func fieldsOf(t reflect.Type) []field {
	var list []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if f.Type.Kind() == reflect.Struct && (options == "inline" || f.Anonymous && name == "") {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				list = append(list, inner)
			}
			continue
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		list = append(list, field{name: name, index: []int{i}, help: f.Tag.Get("help"), secret: f.Tag.Get("conf") == "secret"})
	}
	return list
}

func namesOf(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

func findField(fields []field, name string) (field, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// readsText reports whether values of t are read from text by a method of their own.
func readsText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textType) }

// expects says what a value of type t looks like in a file.
func expects(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return expects(t.Elem())
	case reflect.PointerTo(t).Implements(expecterType):
		return reflect.New(t).Interface().(Expecter).Expects()
	case t == durationType:
		return "a duration such as 1s"
	case readsText(t):
		return "text"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int8, reflect.Int16:
		most := int64(1)<<(t.Bits()-1) - 1
		return fmt.Sprintf("an integer from %d to %d", -most-1, most)
	case reflect.Uint8, reflect.Uint16:
		return fmt.Sprintf("an integer from 0 to %d", uint64(1)<<t.Bits()-1)
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "an integer"
	case reflect.Uint, reflect.Uint32, reflect.Uint64:
		return "an integer that is not negative"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "a list of " + plural(t.Elem())
	case reflect.Map, reflect.Struct:
		return "a mapping (key: value)"
	default:
		return "a value"
	}
}

func plural(t reflect.Type) string {
	switch what := expects(t); what {
	case "text":
		return "texts"
	case "a mapping (key: value)":
		return "mappings (key: value)"
	case "an integer":
		return "integers"
	case "a number":
		return "numbers"
	default:
		return "values, each " + what
	}
}
