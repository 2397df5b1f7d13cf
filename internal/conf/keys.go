package conf

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Key describes one key that a file may hold, for the manual and for flags.
type Key struct {
	Path     string // dotted; items of lists as "rules[].name", values of maps as "to.*"
	Type     string // what is expected there, in words
	Help     string // the field's help tag
	Default  string // the value's text; empty for none, and for secrets
	Secret   bool
	Settable bool // whether Set can set it
}

// Keys lists every key of a struct (or pointer to one) in the order of its fields, with the values it
// holds as defaults. Keys below an item of a list or map have the defaults that such an item starts with.
func Keys(into any) []Key {
	v := reflect.ValueOf(into)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	var k keyLister
	k.structure("", v, true, 0)
	return k.keys
}

type keyLister struct{ keys []Key }

func (k *keyLister) structure(prefix string, v reflect.Value, settable bool, depth int) {
	if depth > maxTypeDepth {
		return
	}
	for _, f := range fieldsOf(v.Type()) {
		value := v.FieldByIndex(f.index)
		k.value(prefix+f.name, f, value, settable, depth)
	}
}

func (k *keyLister) value(path string, f field, v reflect.Value, settable bool, depth int) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v = newValue(v.Type().Elem())
		}
		v = v.Elem()
	}
	t := v.Type()
	plainStruct := t.Kind() == reflect.Struct && !readsText(t)
	if !plainStruct {
		key := Key{Path: path, Type: expects(t), Help: f.help, Secret: f.secret, Settable: settable && canSetText(t)}
		if !f.secret {
			key.Default = textOf(v)
		}
		k.keys = append(k.keys, key)
	}
	switch {
	case t.Kind() == reflect.Struct:
		k.structure(path+".", v, settable, depth+1)
	case t.Kind() == reflect.Slice && isStruct(t.Elem()):
		k.structure(path+"[].", structOf(t.Elem()), false, depth+1)
	case t.Kind() == reflect.Map && isStruct(t.Elem()):
		k.structure(path+".*.", structOf(t.Elem()), settable, depth+1)
	}
}

func isStruct(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

func structOf(t reflect.Type) reflect.Value {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return newValue(t).Elem()
}

// canSetText reports whether a value of the type has a form in one line of text.
func canSetText(t reflect.Type) bool {
	switch {
	case t == durationType || readsText(t):
		return true
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Map:
		return !isStruct(t.Elem()) || readsText(t.Elem())
	}
	return t.Kind() != reflect.Struct && t.Kind() != reflect.Interface
}

// textOf gives a value as Set would take it; empty for the zero value.
func textOf(v reflect.Value) string {
	if v.IsZero() {
		return ""
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return shortDuration(x)
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		if err == nil {
			return string(b)
		}
	case fmt.Stringer:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = textOf(v.Index(i))
		}
		return strings.Join(items, ",")
	case reflect.Map, reflect.Struct, reflect.Interface, reflect.Pointer:
		return ""
	}
	return fmt.Sprint(v.Interface())
}

// shortDuration drops the zero units that Go writes: "1m" instead of "1m0s", and writes whole days as "35d".
func shortDuration(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
