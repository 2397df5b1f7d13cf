package conf

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file. The YAML library calls itself for each level, so the depth is checked before.
const (
	maxFile  = 8 << 20
	maxDepth = 64
	maxNodes = 1 << 20 // visited while decoding, aliases counted each time they are used
)

// parse gives the root node of the file, nil when the file is empty or cannot be read; what is wrong
// with it is then in doc.
func parse(doc *Document, data []byte) ast.Node {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	start := position{1, 1}
	if len(data) > maxFile {
		doc.add(start, fmt.Sprintf("the file has %d bytes", len(data)), fmt.Sprintf("at most %d", maxFile))
		return nil
	}
	if !utf8.Valid(data) {
		doc.add(invalidAt(data), "this is no text in UTF-8", "")
		return nil
	}
	file, err := parseTokens(data)
	if err != nil {
		where, what := start, "the file is no YAML"
		if e, ok := errors.AsType[yaml.Error](err); ok {
			where, what = positionOf(e.GetToken()), printable(e.GetMessage())
		} else if e, ok := errors.AsType[tooDeep](err); ok {
			where, what = e.position, e.Error()
		}
		doc.add(where, what, "")
		return nil
	}
	var root ast.Node
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if root != nil {
			doc.add(positionOf(d.Start), "a second document (---) in the file", "one document")
			break
		}
		root = d.Body
	}
	return root
}

// printable keeps a message of the library, which may name a character of the file, on one line.
func printable(text string) string {
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

type tooDeep struct{ position }

func (tooDeep) Error() string { return fmt.Sprintf("nested more than %d levels deep", maxDepth) }

// parseTokens runs the library, whose defects on odd input become errors.
func parseTokens(data []byte) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			file, err = nil, errors.New("the YAML library failed on it")
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := checkDepth(tokens); err != nil {
		return nil, err
	}
	// Duplicate keys are reported while decoding, all of them instead of the first.
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// checkDepth bounds what makes the parser call itself: brackets, and openers that follow each other on
// one line ("- - - x", tags and anchors). Levels made by indentation need a column each, so they are
// bounded by the column of a line's first token.
func checkDepth(tokens token.Tokens) error {
	flow, openers, line := 0, 0, 0
	for _, t := range tokens {
		first := t.Position.Line != line
		if first {
			openers, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(flow-1, 0)
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType, token.AliasType, token.MappingValueType:
			openers++
		}
		if flow > maxDepth || flow == 0 && openers > maxDepth || flow == 0 && first && t.Position.Column > 4*maxDepth && t.Type != token.CommentType {
			return tooDeep{positionOf(t)}
		}
	}
	return nil
}

// invalidAt finds the first byte that is no UTF-8.
func invalidAt(data []byte) position {
	p := position{1, 1}
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			return p
		}
		p.column++
		if r == '\n' {
			p = position{p.line + 1, 1}
		}
		data = data[size:]
	}
	return p
}
