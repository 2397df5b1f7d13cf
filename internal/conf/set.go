package conf

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Set sets one key from a flag's text, by the rules of Decode: Set(&c, "kafka.brokers", "a:1,b:2").
// Lists are separated by commas and replace what was there; maps are "key=value,key=value", or one key
// at a time as "fields.level". The error names the path and what was expected, and no secret.
func Set(into any, path, value string) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("conf: Set into %T, not a pointer to a struct", into))
	}
	s := setter{path: path, text: value}
	return s.set(v.Elem(), strings.Split(path, "."))
}

type setter struct {
	path, text string
	secret     bool
}

func (s *setter) set(v reflect.Value, rest []string) error {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(newValue(v.Type().Elem()))
		}
		v = v.Elem()
	}
	if len(rest) == 0 {
		return s.value(v)
	}
	switch v.Kind() {
	case reflect.Struct:
		fields := fieldsOf(v.Type())
		f, ok := findField(fields, rest[0])
		if !ok {
			return s.unknown(rest[0], namesOf(fields))
		}
		s.secret = s.secret || f.secret
		return s.set(v.FieldByIndex(f.index), rest[1:])
	case reflect.Map:
		return s.mapKey(v, rest)
	}
	return fmt.Errorf("unknown key %s", quote(s.path, false))
}

func (s *setter) unknown(name string, names []string) error {
	message := "unknown key " + quote(s.path, false)
	if near, ok := Suggest(name, names); ok {
		message += ", did you mean " + quote(strings.Replace(s.path, name, near, 1), false) + "?"
	}
	return errors.New(message)
}

// mapKey sets one entry of a copy of the map, since the map may be the shared default. Keys of maps may
// hold dots, unless the values are structs.
func (s *setter) mapKey(v reflect.Value, rest []string) error {
	t := v.Type()
	name := strings.Join(rest, ".")
	rest = rest[len(rest):]
	if isStruct(t.Elem()) && !readsText(t.Elem()) {
		parts := strings.Split(name, ".")
		name, rest = parts[0], parts[1:]
	}
	key := reflect.New(t.Key()).Elem()
	if err := setText(key, name); err != nil {
		return fmt.Errorf("key %s of %s, expected %s", quote(name, false), quote(s.path, false), expects(t.Key()))
	}
	value := newValue(t.Elem()).Elem()
	if old := v.MapIndex(key); old.IsValid() {
		value.Set(old)
	}
	if err := s.set(value, rest); err != nil {
		return err
	}
	copied := reflect.MakeMap(t)
	for it := v.MapRange(); it.Next(); {
		copied.SetMapIndex(it.Key(), it.Value())
	}
	copied.SetMapIndex(key, value)
	v.Set(copied)
	return nil
}

func (s *setter) value(v reflect.Value) error {
	t := v.Type()
	switch {
	case !canSetText(t):
		return fmt.Errorf("%s cannot be given on the command line, only in the file", s.path)
	case readsText(t) || t == durationType:
	case t.Kind() == reflect.Slice:
		return s.list(v)
	case t.Kind() == reflect.Map:
		return s.entries(v)
	}
	if err := setText(v, s.text); err != nil {
		what, want := textError(s.path, s.text, s.secret, t, err)
		if want != "" {
			what += ", expected " + want
		}
		return errors.New(what)
	}
	return nil
}

func (s *setter) list(v reflect.Value) error {
	list := reflect.MakeSlice(v.Type(), 0, 0)
	for _, text := range splitList(s.text) {
		item := newValue(v.Type().Elem()).Elem()
		one := setter{path: s.path, text: text, secret: s.secret}
		if err := one.set(item, nil); err != nil {
			return err
		}
		list = reflect.Append(list, item)
	}
	v.Set(list)
	return nil
}

func (s *setter) entries(v reflect.Value) error {
	made := reflect.New(v.Type()).Elem()
	made.Set(reflect.MakeMap(v.Type()))
	for _, text := range splitList(s.text) {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("%s is %s, expected key=value,key=value", s.path, quote(s.text, s.secret))
		}
		one := setter{path: s.path, text: value, secret: s.secret}
		if err := one.mapKey(made, []string{key}); err != nil {
			return err
		}
	}
	v.Set(made)
	return nil
}

func splitList(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}
