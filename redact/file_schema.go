package redact

import (
	_ "embed"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/logproc/logproc/internal/conf"
)

//go:embed policy.schema.json
var policySchema []byte

// Schema gives the JSON Schema of policy files, for editors.
func Schema() []byte { return slices.Clone(policySchema) }

// schema is a JSON Schema with its keys in a fixed order.
type schema struct {
	Schema      string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"`
	Const       any                `json:"const,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Format      string             `json:"format,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Additional  any                `json:"additionalProperties,omitempty"`
	AnyOf       []*schema          `json:"anyOf,omitempty"`
}

// makeSchema derives the schema from the types that files are read into.
func makeSchema() ([]byte, error) {
	root := schemaOf(reflect.TypeFor[policyFile](), "")
	root.Schema, root.Title = "https://json-schema.org/draft/2020-12/schema", "logproc redaction policy"
	b, err := json.MarshalIndent(root, "", "  ")
	return append(b, '\n'), err
}

func schemaOf(t reflect.Type, enum string) *schema {
	switch {
	case t == reflect.TypeFor[date]():
		return &schema{Type: "string", Format: "date"}
	case t == reflect.TypeFor[time.Duration]():
		return &schema{Type: "string"}
	case t == reflect.TypeFor[conf.ByteSize]():
		return &schema{Type: []string{"string", "integer"}}
	}
	switch t.Kind() {
	case reflect.Struct:
		s := &schema{Type: "object", Properties: make(map[string]*schema), Additional: false}
		s.fields(t)
		return s
	case reflect.Map:
		return &schema{Type: "object", Additional: schemaOf(t.Elem(), "")}
	case reflect.Slice:
		item := schemaOf(t.Elem(), enum)
		list := &schema{Type: "array", Items: item}
		if t.Elem().Kind() != reflect.String {
			return list
		}
		return &schema{AnyOf: []*schema{list, item}} // a single text is a list of one
	case reflect.Int:
		if enum != "" {
			return &schema{Const: 1}
		}
		return &schema{Type: "integer"}
	}
	s := &schema{Type: "string"}
	switch {
	case enum == "kinds":
		s.Enum = kindNames()
	case enum != "":
		s.Enum = strings.Split(enum, ",")
	}
	return s
}

// fields adds the properties of a struct, those of inlined ones included.
func (s *schema) fields(t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			s.fields(f.Type)
			continue
		case f.Tag.Get("schema") == "-":
			continue
		}
		p := schemaOf(f.Type, f.Tag.Get("enum"))
		p.Description = f.Tag.Get("help")
		s.Properties[name] = p
		if f.Tag.Get("required") != "" {
			s.Required = append(s.Required, name)
		}
	}
}
