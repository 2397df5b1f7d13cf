package conf

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// Decode reads a YAML file into a pointer to a struct that holds the defaults. Fields are named by
// their yaml tag. Everything that is wrong is reported at once, with positions; what is right is
// decoded nevertheless. An empty file leaves the defaults. The rules:
//
//   - Unknown and duplicate keys are errors, with the nearest known key named.
//   - A type that reads text (encoding.TextUnmarshaler) is given any scalar as it is written; if it is
//     a struct, a map or a list it can be given as a mapping or list too. Such a struct is one value:
//     a mapping replaces its default as a whole.
//   - A list replaces the default list; a single scalar is a list of one. A map replaces the default map.
//   - No value at all keeps the default of lists, maps and structs, and is an error for anything else.
//   - Fields tagged conf:"secret" are never quoted in a message.
//   - Anchors, aliases and merge keys work, within bounds.
//
// file is the name used in the diagnostics. The diagnostics are nil when the file is in order.
func Decode(file string, data []byte, into any) (*Document, Diagnostics) {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("conf: Decode into %T, not a pointer to a struct", into))
	}
	doc := newDocument(file)
	root := parse(doc, data)
	if root != nil {
		d := decoder{doc: doc, anchors: anchorsIn(root)}
		d.value(place{node: root}, v.Elem())
	}
	return doc, doc.Diagnostics()
}

// decoder walks the nodes of one file.
type decoder struct {
	doc     *Document
	anchors map[string]ast.Node
	nodes   int
	stopped bool
}

// place is where the decoder is: a node, its path, and what is true of everything below it.
type place struct {
	node   ast.Node
	at     position // of the key or list item, for block collections and missing values
	path   string
	depth  int
	secret bool
}

// name is how messages call the place.
func (p place) name() string {
	if p.path == "" {
		return "the file"
	}
	return p.path
}

func (p place) key(name string, at position, node ast.Node) place {
	path := name
	if p.path != "" {
		path = p.path + "." + name
	}
	return place{node: node, at: at, path: path, depth: p.depth + 1, secret: p.secret}
}

func (p place) item(i int, node ast.Node) place {
	return place{node: node, at: nodePosition(node), path: p.path + "[" + strconv.Itoa(i) + "]", depth: p.depth + 1, secret: p.secret}
}

// value decodes the node at p into v.
func (d *decoder) value(p place, v reflect.Value) {
	if !d.enter(&p) {
		return
	}
	if _, ok := p.node.(*ast.NullNode); ok {
		d.null(p, v)
		return
	}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(newValue(v.Type().Elem()))
		}
		v = v.Elem()
	}
	if text, ok := gluedScalar(p.node); ok && takesScalar(v.Type()) {
		d.text(p, text, true, v)
		return
	}
	switch node := p.node.(type) {
	case ast.MapNode:
		d.mapping(p, d.entries(p, node), v)
	case *ast.SequenceNode:
		d.list(p, node.Values, v)
	default:
		d.scalar(p, v)
	}
}

// enter resolves anchors, aliases and tags, checks the bounds and remembers the position.
func (d *decoder) enter(p *place) bool {
	var ok bool
	if p.node, ok = d.resolve(p.node); !ok || d.stopped {
		return false
	}
	d.nodes++
	if d.nodes > maxNodes || p.depth > maxDepth {
		d.stopped = true
		d.doc.add(p.at, "aliases make the file too large or too deep", "")
		return false
	}
	if p.at == (position{}) || !atKey(p.node) {
		p.at = nodePosition(p.node)
	}
	if p.path != "" {
		d.doc.positions[p.path] = p.at
	}
	return true
}

// atKey reports whether a value is found where its key is, because it begins on a later line or nowhere.
func atKey(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.MappingNode:
		return !n.IsFlowStyle
	case *ast.SequenceNode:
		return !n.IsFlowStyle
	case *ast.MappingValueNode, *ast.NullNode:
		return true
	}
	return false
}

func (d *decoder) null(p place, v reflect.Value) {
	t := v.Type()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Interface:
		if !readsText(t) {
			return
		}
	}
	d.doc.add(p.at, p.name()+" has no value", expects(t))
}

func (d *decoder) mapping(p place, entries []entry, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		d.structure(p, entries, v)
	case reflect.Map:
		d.mapValues(p, entries, v)
	case reflect.Interface:
		m := reflect.ValueOf(map[string]any{})
		d.mapValues(p, entries, m)
		v.Set(m)
	default:
		d.wrongType(p, "a mapping", v.Type())
	}
}

func (d *decoder) structure(p place, entries []entry, v reflect.Value) {
	fields := fieldsOf(v.Type())
	if len(fields) == 0 && readsText(v.Type()) {
		d.wrongType(p, "a mapping", v.Type())
		return
	}
	if readsText(v.Type()) { // a text or a mapping: the default's text does not go with the mapping
		v.Set(newValue(v.Type()).Elem())
	}
	for _, e := range entries {
		f, ok := findField(fields, e.key)
		if !ok {
			d.unknownKey(p, e, namesOf(fields))
			continue
		}
		next := p.key(e.key, e.at, e.value)
		next.secret = next.secret || f.secret
		d.value(next, v.FieldByIndex(f.index))
	}
}

func (d *decoder) mapValues(p place, entries []entry, v reflect.Value) {
	t := v.Type()
	if v.CanSet() {
		v.Set(reflect.MakeMapWithSize(t, len(entries)))
	}
	for _, e := range entries {
		key := reflect.New(t.Key()).Elem()
		if err := setText(key, e.key); err != nil {
			d.doc.add(e.at, fmt.Sprintf("key %s of %s", quote(e.key, p.secret), p.name()), expects(t.Key()))
			continue
		}
		value := newValue(t.Elem()).Elem()
		d.value(p.key(e.key, e.at, e.value), value)
		v.SetMapIndex(key, value)
	}
}

func (d *decoder) list(p place, items []ast.Node, v reflect.Value) {
	switch {
	case v.Kind() == reflect.Slice:
		list := reflect.MakeSlice(v.Type(), 0, len(items))
		for i, node := range items {
			item := newValue(v.Type().Elem()).Elem()
			d.value(p.item(i, node), item)
			list = reflect.Append(list, item)
		}
		v.Set(list)
	case v.Kind() == reflect.Interface:
		list := make([]any, len(items))
		for i, node := range items {
			d.value(p.item(i, node), reflect.ValueOf(&list[i]).Elem())
		}
		v.Set(reflect.ValueOf(list))
	default:
		d.wrongType(p, "a list", v.Type())
	}
}

// newValue gives a pointer to a new value with its defaults filled in.
func newValue(t reflect.Type) reflect.Value {
	v := reflect.New(t)
	if v.Type().Implements(defaulterType) {
		v.Interface().(Defaulter).SetDefaults()
	}
	return v
}
