package redact

import (
	"bytes"
	"hash/maphash"
	"slices"

	"github.com/logproc/logproc/redact/detect"
)

// node is a place in the tree of fields: what the policy says of it, worked out once. Nodes are known by
// their number, which is valid until the next record.
type node struct {
	// What quickMembers looks at, together.
	begin  beginning // of members for whose values most often a look is enough, see quickMembers
	field  Field
	formed bool // the last value was a time or an address: no need to look for plain ones first

	cleanKey bool    // nothing is found in the key itself
	bare     bool    // the key is written as it is, without escapes
	role     role    // what the key says of its neighbours
	key      []byte  // decoded; in the tree's own memory
	plain    []byte  // the key without markers in it, by which the policy goes
	order    []int32 // the nodes in this one, as they mostly follow each other
	hash     uint64
	parent   int32
	scope    int32 // whose children are those of this one: its own, but for roots, see root
	next     int32 // the next node with the same slot, 0 for none
	name     int32 // in the hits' table of names, -1 while there is none
	lastRule int32 // of the last hit
	lastHit  *uint64
}

// tree remembers the fields that were met, by their parent and decoded key, so that a known field costs
// one look-up whatever the policy has to consider. It is bounded: when it is full it starts anew with the
// next record, and until then nodes are lent, one for each depth.
type tree struct {
	nodes []node      // nodes[0] is nobody
	slots []int32     // by hash
	keys  []byte      // the memory of the keys
	lent  []node      // by depth
	clean []cleanText // values in which nothing was found, cleanSlots for each node
	seed  maphash.Seed
	roots [64]int32 // the last roots, by rootSlot
}

// Bounds of the tree.
const (
	maxNodes   = 2048 // about 200 KB
	nodeSlots  = 4096
	maxNodeKey = 128 // longer keys are not remembered
	noNode     = int32(0)
)

func newTree(depth int) tree {
	return tree{nodes: make([]node, 1, 64), slots: make([]int32, nodeSlots), lent: make([]node, depth+2), seed: maphash.MakeSeed()}
}

// startRecord forgets everything when the tree is full.
func (t *tree) startRecord() {
	if len(t.nodes) < maxNodes {
		return
	}
	t.nodes = t.nodes[:1]
	t.keys = t.keys[:0]
	clear(t.slots)
	clear(t.clean)
	clear(t.roots[:])
}

// at gives the node of a number; the pointer is valid until the next child.
func (t *tree) at(n int32) *node {
	if n < 0 {
		return &t.lent[-n-1]
	}
	return &t.nodes[n]
}

// find gives the child with that key, or noNode and the hash to add it with.
func (t *tree) find(parent int32, key []byte) (int32, uint64) {
	h := maphash.Bytes(t.seed, key) + uint64(uint32(parent))*0x9e3779b97f4a7c15
	for n := t.slots[h%nodeSlots]; n != 0; n = t.nodes[n].next {
		if c := &t.nodes[n]; c.hash == h && c.parent == parent && string(c.key) == string(key) {
			return n, h
		}
	}
	return noNode, h
}

// add remembers a child, or lends a node for the depth when there is no room.
func (t *tree) add(parent int32, key []byte, h uint64, depth int) int32 {
	if len(t.nodes) >= maxNodes || len(key) > maxNodeKey || parent < 0 {
		t.lent[depth] = node{key: key, plain: withoutMarkers(key), parent: parent, name: -1}
		return -int32(depth) - 1
	}
	from := len(t.keys)
	t.keys = append(t.keys, key...)
	slot := &t.slots[h%nodeSlots]
	key = t.keys[from:len(t.keys):len(t.keys)]
	n := int32(len(t.nodes))
	t.nodes = append(t.nodes, node{key: key, plain: withoutMarkers(key), hash: h, parent: parent, scope: n, next: *slot, name: -1})
	*slot = n
	return n
}

// root gives the node of a record of the service. Where the policy says the same for all services, their roots
// share their children, so that few nodes are in use, but each has its own order of them.
func (r *Redactor) root(service []byte) int32 {
	r.service = service
	slot := &r.tree.roots[rootSlot(service)]
	if n := *slot; n != noNode && string(r.tree.nodes[n].key) == string(service) {
		return n
	}
	n, h := r.tree.find(noNode, service)
	if n == noNode {
		n = r.newRoot(service, h)
	}
	*slot = max(n, noNode)
	return n
}

func (r *Redactor) newRoot(service []byte, h uint64) int32 {
	shared := noNode
	if len(service) > 0 && !r.byService {
		shared = r.root(nil)
		r.service = service
	}
	n := r.tree.add(noNode, service, h, 0)
	root := r.tree.at(n)
	root.field = r.policy.Field(r.out, service, nil)
	root.cleanKey = true
	if shared > 0 {
		root.scope = shared
	}
	return n
}

// rootSlot tells the names of services apart as well as is needed for a table of the last ones.
func rootSlot(service []byte) int {
	if len(service) == 0 {
		return 0
	}
	return (len(service) + 7*int(service[0]) + 13*int(service[len(service)/2]) + 29*int(service[len(service)-1])) % 64
}

// child gives the node of a key below another; depth is that of the object it is in. key is borrowed
// until the end of the record.
func (r *Redactor) child(parent int32, key []byte, depth int) int32 {
	if parent > 0 {
		parent = r.tree.nodes[parent].scope
	}
	n, h := r.tree.find(parent, key)
	if n != noNode {
		return n
	}
	n = r.tree.add(parent, key, h, depth)
	field := r.fieldOf(n)
	above := r.tree.at(parent).field
	if inherits(above) && !field.acts() {
		field.Act = above.Act
	}
	clean := r.isCleanKey(key, above)
	c := r.tree.at(n)
	c.field, c.cleanKey, c.role = field, clean, roleOf(key)
	c.bare = bytes.IndexByte(key, '"') < 0 && bytes.IndexByte(key, '\\') < 0
	short := len(key) <= shortWord || !slices.ContainsFunc(key, isDigit)
	if c.bare && clean && short && (c.field.Act == nil || c.field.Act.Op != OpDrop) && c.role == ordinary && n > 0 {
		c.begin = newBeginning(c.key)
	}
	return n
}

// textKey is what the node is called that stands for the prose in a field.
var textKey = []byte("\x00text")

// textNode gives the node for a value of a kept field that is prose. It counts as the field itself.
func (r *Redactor) textNode(n int32, depth int) int32 {
	c, h := r.tree.find(n, textKey)
	if c != noNode {
		return c
	}
	name, on := r.hits.name(r.fieldName(n)), r.tree.at(n).field.Text
	c = r.tree.add(n, textKey, h, depth)
	text := r.tree.at(c)
	text.field, text.cleanKey, text.name = Field{On: on, Weak: true}, true, name
	return c
}

// isProse reports whether a value is words, or an assignment, and no id, number, time or version.
func isProse(raw []byte) bool {
	for i, c := range raw {
		if c == ' ' || c == ',' || c == '\\' || c == '=' && i+1 < len(raw) && raw[i+1] != '=' {
			return true
		}
	}
	return false
}

// acts reports whether the field has an action that does something.
func (f *Field) acts() bool { return f.Act != nil && f.Act.Op != OpKeep }

// inherits reports whether an action on an object or array is done to everything in it: what makes no
// sense for the whole.
func inherits(f Field) bool {
	return f.Act != nil && !f.Leaves && (f.Act.Op == OpMask || f.Act.Op == OpGeneralise || f.Act.Op == OpPseudonym)
}

// item is what the nodes of array items are called.
var item = []byte("*")

// fieldOf asks the policy.
func (r *Redactor) fieldOf(n int32) Field {
	path := r.pathOf(n)
	return r.policy.Field(r.out, path[0], path[1:])
}

// pathOf gives the service and the keys from the root to a node, valid until the next call.
func (r *Redactor) pathOf(n int32) [][]byte {
	depth := 0
	for at := n; at != noNode; at = r.tree.at(at).parent {
		depth++
	}
	if cap(r.path) < depth {
		r.path = make([][]byte, 2*depth)
	}
	r.path = r.path[:depth]
	for at := n; at != noNode; at = r.tree.at(at).parent {
		depth--
		r.path[depth] = r.tree.at(at).plain
	}
	return r.path
}

// keyHints are the kinds for which the name of an object is evidence about the keys in it:
// {"msisdn": {"447700900122": 1}}.
var keyHints = detect.Of(detect.Phone, detect.Card, detect.IMSI, detect.IMEI, detect.Personnummer, detect.Fodselsnummer, detect.SSN)

// keyField is what applies to the keys of an object.
func keyField(object Field) Field {
	return Field{On: object.On, Hint: object.Hint & keyHints, Weak: object.Weak}
}

func (r *Redactor) isCleanKey(key []byte, object Field) bool {
	f := keyField(object)
	return len(r.find(key, &f)) == 0
}

// withoutMarkers gives a key without what redaction put into it, so that the policy says the same of it
// the second time: pass=<secret> is no field of the name secret.
func withoutMarkers(key []byte) []byte {
	if bytes.IndexByte(key, '<') < 0 {
		return key
	}
	var out []byte
	marked := false
	for i := 0; i < len(key); i++ {
		if end := bytes.IndexByte(key[i:], '>'); key[i] == '<' && end > 0 && isMarker(key[i:i+end+1]) {
			i += end
			marked = true
			continue
		}
		out = append(out, key[i])
	}
	if !marked {
		return key
	}
	if number := bytes.LastIndexByte(out, '#'); number >= 0 && digitsEnd(out, number+1) == len(out) {
		out = out[:number]
	}
	return out
}
