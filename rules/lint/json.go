package lint

import (
	"bytes"
	"encoding/json"
	"io"
)

// array writes findings as a JSON array with one object a line; see Finding for its members.
type array struct {
	w     io.Writer
	count int
}

// Finding writes an element.
func (a *array) Finding(f *Finding) error {
	start := "[\n"
	if a.count > 0 {
		start = ",\n"
	}
	a.count++
	b, err := marshal(f)
	if err == nil {
		_, err = a.w.Write(append([]byte(start), b...))
	}
	return err
}

// Close writes the end of the array.
func (a *array) Close() error {
	end := "\n]\n"
	if a.count == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(a.w, end)
	return err
}

// marshal gives JSON without the escapes for HTML that make <number> unreadable.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
