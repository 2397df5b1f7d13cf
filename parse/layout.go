package parse

import (
	"reflect"
	"unsafe"

	"github.com/valyala/fastjson"
)

// Object.Visit looks for escapes in every key and calls a function for each, which is a quarter of the
// cost of reading an ordinary line. Most lines hold no backslash at all; for these the keys are
// read straight from fastjson's own list. layoutKnown guards this: should another version of fastjson
// lay its objects out differently, New finds out and Visit does all the work.

// objectLayout is the layout of fastjson.Object.
type objectLayout struct {
	pairs         []pairLayout
	keysUnescaped bool
}

// pairLayout is the layout of a pair in it.
type pairLayout struct {
	key   string
	value *fastjson.Value
}

// layoutKnown reports whether fastjson.Object is laid out as objectLayout.
func layoutKnown() bool {
	return sameLayout(reflect.TypeFor[fastjson.Object](), reflect.TypeFor[objectLayout]())
}

func sameLayout(a, b reflect.Type) bool {
	if a == b {
		return true
	}
	if a.Kind() != b.Kind() || a.Size() != b.Size() {
		return false
	}
	switch a.Kind() {
	case reflect.Slice:
		return sameLayout(a.Elem(), b.Elem())
	case reflect.Struct:
		if a.NumField() != b.NumField() {
			return false
		}
		for i := range a.NumField() {
			if a.Field(i).Offset != b.Field(i).Offset || !sameLayout(a.Field(i).Type, b.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return false
}

// pairsOf gives the pairs of an object in their order, with keys as they stand in the text.
func pairsOf(o *fastjson.Object) []pairLayout {
	return (*objectLayout)(unsafe.Pointer(o)).pairs
}
