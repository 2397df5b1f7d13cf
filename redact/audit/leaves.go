// Package audit explains policies to those who answer for them: why a value was hidden or kept, what a
// new policy would change, and what a policy does to a sample of records.
//
// It reads raw records, and gives only what a Redactor made of them: results are the redacted form, names
// of fields go through the redactor too, and everything else is a number or a word of the policy.
package audit

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// Payload gives the payload of a record in the form of kcat -J, and any other line as it is.
func Payload(line []byte) []byte {
	var envelope struct {
		Topic     *string
		Partition *json.Number
		Payload   *string
	}
	if json.Unmarshal(line, &envelope) != nil || envelope.Topic == nil || envelope.Partition == nil || envelope.Payload == nil {
		return line
	}
	return []byte(*envelope.Payload)
}

// leaf is a value of a record that is no object or array, or one of these when it is empty.
type leaf struct {
	path [][]byte // keys from the root, "*" for the items of arrays
	name string   // the path with dots, as hits have it
	text string   // strings decoded, the rest as written
}

// maxLeaves bounds the values of a record that are looked at.
const maxLeaves = 10_000

// leavesOf lists the values of a record in their order. ok is false for what is no JSON object; then the
// text as a whole is the only value.
func leavesOf(record []byte) (list []leaf, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(record))
	decoder.UseNumber()
	w := walker{decoder: decoder}
	if trimmed := bytes.TrimSpace(record); len(trimmed) == 0 || trimmed[0] != '{' || w.value() != nil || w.rest() {
		return []leaf{{text: string(record)}}, false
	}
	return w.list, true
}

type walker struct {
	decoder *json.Decoder
	path    [][]byte
	list    []leaf
}

// rest reports whether something follows the value.
func (w *walker) rest() bool {
	_, err := w.decoder.Token()
	return err != io.EOF
}

func (w *walker) value() error {
	token, err := w.decoder.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		return w.inside(t == '{')
	case string:
		w.add(t)
	case json.Number:
		w.add(t.String())
	case bool:
		w.add(map[bool]string{true: "true", false: "false"}[t])
	default:
		w.add("null")
	}
	return nil
}

// inside reads an object or array up to its end.
func (w *walker) inside(object bool) error {
	before := len(w.list)
	for w.decoder.More() {
		key := "*"
		if object {
			token, err := w.decoder.Token()
			if err != nil {
				return err
			}
			key, _ = token.(string)
		}
		w.path = append(w.path, []byte(key))
		if err := w.value(); err != nil {
			return err
		}
		w.path = w.path[:len(w.path)-1]
	}
	_, err := w.decoder.Token()
	if len(w.list) == before && len(w.path) > 0 {
		w.add("")
	}
	return err
}

func (w *walker) add(text string) {
	if len(w.list) < maxLeaves {
		path := append([][]byte(nil), w.path...)
		w.list = append(w.list, leaf{path: path, name: string(bytes.Join(path, []byte("."))), text: text})
	}
}

// results finds the values of a redacted record by their place.
type results struct {
	by map[string][]string // in order, for keys that occur twice
}

func resultsOf(record []byte, isJSON bool) results {
	if !isJSON {
		return results{by: map[string][]string{"": {string(record)}}}
	}
	r := results{by: make(map[string][]string)}
	list, _ := leavesOf(record)
	for _, l := range list {
		r.by[l.name] = append(r.by[l.name], l.text)
	}
	return r
}

// take gives what became of the next value at that place; for one inside of something that was hidden
// as a whole, what stands for the whole.
func (r *results) take(name string) (text string, ok bool) {
	if list := r.by[name]; len(list) > 0 {
		r.by[name] = list[1:]
		return list[0], true
	}
	for {
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 {
			return "", false
		}
		name = name[:dot]
		if list := r.by[name]; len(list) > 0 {
			return list[0], true
		}
	}
}
