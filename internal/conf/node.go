package conf

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// entry is a key of a mapping with its value.
type entry struct {
	key   string
	at    position
	value ast.Node
}

// entries lists a mapping's keys, merged ones last, and reports keys that occur twice.
func (d *decoder) entries(p place, node ast.MapNode) []entry {
	var list []entry
	seen := make(map[string]position)
	var merged []ast.Node
	for it := node.MapRange(); it.Next(); {
		at := nodePosition(it.Key())
		if it.Key().IsMergeKey() {
			merged = append(merged, it.Value())
			continue
		}
		key, ok := d.scalarText(it.Key())
		if !ok {
			d.doc.add(at, "a key of "+p.name()+" is a list, a mapping or nothing", "text")
			continue
		}
		if first, ok := seen[key]; ok {
			d.doc.add(at, fmt.Sprintf("duplicate key %s, first given in line %d", quote(key, false), first.line), "")
			continue
		}
		seen[key] = at
		list = append(list, entry{key, at, it.Value()})
	}
	for _, m := range merged {
		for _, e := range d.mergedEntries(p, m) {
			if _, ok := seen[e.key]; !ok {
				seen[e.key] = e.at
				list = append(list, e)
			}
		}
	}
	return list
}

func (d *decoder) mergedEntries(p place, node ast.Node) []entry {
	p.depth++
	p.node, p.at = node, nodePosition(node)
	p.path = strings.TrimPrefix(p.path+".<<", ".")
	if !d.enter(&p) {
		return nil
	}
	switch node := p.node.(type) {
	case ast.MapNode:
		return d.entries(p, node)
	case *ast.SequenceNode:
		var list []entry
		for _, n := range node.Values {
			list = append(list, d.mergedEntries(p, n)...)
		}
		return list
	}
	d.doc.add(p.at, "<< merges something else", "a mapping or a list of mappings")
	return nil
}

// standardTags say no more than what the place asks for anyway.
const standardTags = " !!str !!int !!float !!bool !!null !!map !!seq !!timestamp "

// resolve follows anchors, aliases and tags to the node that has the value.
func (d *decoder) resolve(node ast.Node) (ast.Node, bool) {
	for range maxDepth {
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.AliasNode:
			name := n.Value.GetToken().Value
			target, ok := d.anchors[name]
			if !ok {
				d.doc.add(nodePosition(n), "no anchor &"+name+" for this alias", "")
				return nil, false
			}
			node = target
		case *ast.TagNode:
			if tag := n.Start.Value; !strings.Contains(standardTags, " "+tag+" ") {
				d.doc.add(nodePosition(n), "tag "+quote(tag, false), "a value without a tag")
				return nil, false
			}
			node = n.Value
		case nil:
			return nil, false
		default:
			return node, true
		}
	}
	d.doc.add(nodePosition(node), "aliases lead to each other", "")
	return nil, false
}

// anchorsIn finds all anchors, because a value may be skipped that a later alias needs.
func anchorsIn(root ast.Node) map[string]ast.Node {
	found := make(map[string]ast.Node)
	ast.Walk(anchorVisitor(found), root)
	return found
}

type anchorVisitor map[string]ast.Node

// Visit implements ast.Visitor.
func (v anchorVisitor) Visit(node ast.Node) ast.Visitor {
	if a, ok := node.(*ast.AnchorNode); ok && a.Name != nil && a.Value != nil {
		v[a.Name.GetToken().Value] = a.Value
	}
	return v
}

// scalarText gives a scalar as it is written, or as it reads when quoted or a block.
func (d *decoder) scalarText(node ast.Node) (string, bool) {
	node, ok := d.resolve(node)
	if !ok {
		return "", false
	}
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, true
	}
	return "", false
}

// scalar decodes a single value.
func (d *decoder) scalar(p place, v reflect.Value) {
	text, ok := d.scalarText(p.node)
	if !ok {
		d.wrongType(p, "no single value", v.Type())
		return
	}
	d.text(p, text, isText(p.node), v)
}

// text sets v from a scalar; quoted is whether it is text, which then stands for no number or boolean.
func (d *decoder) text(p place, text string, isText bool, v reflect.Value) {
	switch {
	case readsText(v.Type()) || v.Type() == durationType:
	case v.Kind() == reflect.Slice:
		item := newValue(v.Type().Elem()).Elem()
		if item.Kind() == reflect.Struct && !readsText(item.Type()) {
			d.wrongType(p, quote(text, p.secret), v.Type())
			return
		}
		d.value(place{node: p.node, at: p.at, path: p.path, depth: p.depth + 1, secret: p.secret}, item)
		v.Set(reflect.Append(reflect.MakeSlice(v.Type(), 0, 1), item))
		return
	case v.Kind() == reflect.Interface:
		v.Set(reflect.ValueOf(plainValue(text, p.node)))
		return
	case v.Kind() != reflect.String && isText:
		d.wrongType(p, quote(text, p.secret), v.Type())
		return
	}
	if err := setText(v, text); err != nil {
		what, want := textError(p.name(), text, p.secret, v.Type(), err)
		d.doc.add(p.at, what, want)
	}
}

// textError words the failure of setText, without the value of a secret.
func textError(name, text string, secret bool, t reflect.Type, err error) (what, want string) {
	if err == errType || secret || reflect.PointerTo(t).Implements(expecterType) {
		return name + " is " + quote(text, secret), expects(t)
	}
	return name + ": " + err.Error(), ""
}

func (d *decoder) wrongType(p place, is string, want reflect.Type) {
	d.doc.add(p.at, p.name()+" is "+is, expects(want))
}

// maxListed is the number of known keys that a message lists when none is near.
const maxListed = 12

func (d *decoder) unknownKey(p place, e entry, names []string) {
	what := "unknown key " + quote(e.key, false)
	if p.path != "" {
		what += " in " + p.path
	}
	if near, ok := Suggest(e.key, names); ok {
		d.doc.add(e.at, what+", did you mean "+quote(near, false)+"?", "")
	} else if len(names) <= maxListed {
		d.doc.add(e.at, what, "one of "+strings.Join(names, ", "))
	} else {
		d.doc.add(e.at, what, "")
	}
}

// isText reports whether the scalar is text rather than a number or boolean.
// gluedScalar gives the text of a mapping that is none: inside of brackets the library takes a plain
// scalar such as host:9092 for a key and its value, though YAML asks for a space behind the colon.
func gluedScalar(node ast.Node) (string, bool) {
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) == 1 && (m.Start == nil || m.Start.Value != "{") {
		node = m.Values[0]
	}
	pair, ok := node.(*ast.MappingValueNode)
	if !ok || pair.Start == nil || pair.Value == nil {
		return "", false
	}
	colon, value := pair.Start.Position, pair.Value.GetToken()
	if value == nil || value.Position == nil || colon == nil || value.Position.Line != colon.Line || value.Position.Column != colon.Column+1 {
		return "", false
	}
	switch pair.Value.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode:
		return pair.Key.GetToken().Value + ":" + value.Value, true
	}
	return "", false
}

// takesScalar reports whether a value of the type is written as one scalar.
func takesScalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Interface:
		return readsText(t)
	}
	return true
}

func isText(node ast.Node) bool {
	switch node.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return true
	}
	return false
}

// plainValue is what a scalar becomes where the struct takes anything.
func plainValue(text string, node ast.Node) any {
	switch n := node.(type) {
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode:
		if i, err := strconv.ParseInt(text, base(text), 64); err == nil {
			return i
		}
	case *ast.FloatNode:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	}
	return text
}

// nodePosition gives where a node begins; the library calls the colon the start of a block mapping.
func nodePosition(node ast.Node) position {
	switch n := node.(type) {
	case nil:
		return position{1, 1}
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return nodePosition(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return nodePosition(n.Key)
	}
	return positionOf(node.GetToken())
}

// maxQuoted bounds how much of a value a message shows, in bytes.
const maxQuoted = 60

// quote shows a value in a message, shortened; a secret is not shown.
func quote(text string, secret bool) string {
	if secret {
		return "not valid (its value is withheld)"
	}
	if len(text) > maxQuoted {
		text = strings.ToValidUTF8(text[:maxQuoted], "") + "…"
	}
	return strconv.Quote(text)
}
