package parse

import "github.com/valyala/fastjson"

// otlpBatch is where Next stands in the records of an OTLP-JSON export: resourceLogs, each with
// scopeLogs, each with logRecords.
type otlpBatch struct {
	active    bool
	base      int // layers around the batch
	resources []*fastjson.Value
	scopes    []*fastjson.Value
	records   []*fastjson.Value
}

// startOTLP begins a batch; one without any record is Empty.
func (p *Parser) startOTLP(list *fastjson.Value) Reason {
	p.n-- // the object itself names nothing
	p.batch = otlpBatch{base: p.n, resources: list.GetArray()}
	if !p.advanceOTLP() {
		return Empty
	}
	p.batch.active = true
	return OK
}

// advanceOTLP moves on until there is a record to read; false at the end. The layer of the resource
// is in place then.
func (p *Parser) advanceOTLP() bool {
	b := &p.batch
	for len(b.records) == 0 {
		for len(b.scopes) == 0 {
			if len(b.resources) == 0 {
				return false
			}
			resource := b.resources[0]
			b.resources = b.resources[1:]
			b.scopes = firstArray(resource, "scopeLogs", "instrumentationLibraryLogs")
			if !p.pushResource(resource) {
				return false
			}
		}
		b.records = firstArray(b.scopes[0], "logRecords", "logs")
		b.scopes = b.scopes[1:]
	}
	return true
}

func firstArray(v *fastjson.Value, name, older string) []*fastjson.Value {
	if a := v.GetArray(name); a != nil {
		return a
	}
	return v.GetArray(older)
}

// pushResource reads the attributes of a resource, such as service.name, as those of an envelope.
func (p *Parser) pushResource(resource *fastjson.Value) bool {
	p.n = p.batch.base
	l := p.push()
	if l == nil {
		return false
	}
	p.found.seen = [fieldCount]uint64{}
	p.observeAttributes(resource.Get("resource", "attributes"))
	p.resolve(&l.rec)
	return true
}

// nextOTLP reads the next record of the batch.
func (p *Parser) nextOTLP() (*Record, bool) {
	b := &p.batch
	if !p.advanceOTLP() {
		b.active = false
		return nil, false
	}
	v := b.records[0]
	b.records = b.records[1:]
	p.n = b.base + 1
	l := p.push()
	if l == nil {
		b.active = false
		return nil, false
	}
	p.otlpRecord(l, v)
	p.finish()
	return &p.layers[p.n-1].rec, true
}

// otlpRecord reads one record: its own fields, its attributes and its body. A body that is itself a record,
// as an agent ships it that tails files, is the inner one.
func (p *Parser) otlpRecord(l *layer, v *fastjson.Value) {
	body := v.Get("body")
	attributes := v.Get("attributes")
	p.found.seen = [fieldCount]uint64{}
	p.observeAttributes(attributes)
	v.GetObject().Visit(p.noteEach)
	if list := body.Get("kvlistValue", "values"); list != nil {
		p.observeAttributes(list)
		attributes = list
	}
	p.found.seen[fieldCarrier] = 0
	p.resolve(&l.rec)
	l.rec.Object, l.rec.attributes = v, attributes
	text := body.GetStringBytes("stringValue")
	if len(text) == 0 {
		return
	}
	l.rec.Key, l.rec.KeyState = text, Present
	if beginsRecord(text) {
		p.wasJoined = true // fragments are joined by the agent
		outer := p.batch
		p.batch.active = false
		p.unwrapKey(l, text)
		p.batch = outer // a batch inside a record is none
	}
}

// observeAttributes notes a list of OTLP's attributes as if they were the keys of an object.
func (p *Parser) observeAttributes(list *fastjson.Value) {
	for _, a := range list.GetArray() {
		if value := attributeValue(a); value != nil {
			p.noteField(a.GetStringBytes("key"), value)
		}
	}
}

// attribute gives the value of the attribute of that name; of several the first.
func attribute(list *fastjson.Value, name string) *fastjson.Value {
	for _, a := range list.GetArray() {
		if string(a.GetStringBytes("key")) == name {
			return attributeValue(a)
		}
	}
	return nil
}

// attributeValue takes an attribute's value out of the object that names its type.
func attributeValue(a *fastjson.Value) *fastjson.Value {
	value := a.Get("value")
	if value == nil {
		return nil
	}
	for _, form := range [...]string{"stringValue", "intValue", "doubleValue", "boolValue"} {
		if v := value.Get(form); v != nil {
			return v
		}
	}
	return nil
}
