// Package lint holds the architecture's rules as tests: which folder may import which, and what
// packages that transform records must not do.
package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/logproc/logproc/"

// allowed lists what the packages below a folder may import of ours, as prefixes; the longest matching
// folder holds. Test files are exempt.
var allowed = map[string][]string{
	"parse":                   {"parse"},
	"rules":                   {"rules", "parse", "internal/conf", "internal/glob"},
	"correlate":               {"correlate", "parse", "rules", "redact", "internal/exphist"},
	"correlate/id":            {},
	"correlate/exchange":      {"correlate", "pipeline", "rollup"},
	"correlate/live":          {"correlate", "redact", "rollup", "internal/backoff"},
	"correlate/workflow":      {"correlate", "parse", "rules", "redact"},
	"correlate/correlatetest": {},
	"redact":                  {"redact/detect", "redact/keyring", "internal/conf", "internal/glob"},
	"redact/audit":            {"redact"},
	"redact/detect":           {},
	"redact/keyring":          {"internal/conf"},
	"redact/redacttest":       {},
	"rollup":                  {"rollup", "parse", "redact", "internal/exphist"},
	"pipeline":                {"correlate", "pipeline", "parse", "redact", "rules", "rollup", "internal/exphist", "internal/crash", "internal/advice", "internal/backoff"},
	"rollup/history":          {"rollup", "parse", "redact", "internal/exphist"},
	"sinks":                   {"sinks", "correlate", "redact", "rollup", "parse", "internal/exphist", "internal/health", "internal/crash"},
	"sinks/otlp":              {"sinks/otlp", "correlate", "redact", "parse", "internal/backoff", "internal/crash"},
	"sinks/topic":             {"sinks/topic", "redact", "internal/advice", "internal/backoff"}, // never parse: it cannot be handed a raw record
	"sinks/mail":              {"sinks/mail", "sinks/summary", "redact", "rollup", "parse", "internal/glob", "internal/backoff"},
	"sinks/webhook":           {"sinks/mail", "sinks/summary", "redact", "rollup"},
	"internal/advice":         {},
	"internal/backoff":        {},
	"internal/conf":           {},
	"internal/crash":          {},
	"internal/exphist":        {},
	"internal/glob":           {},
	"internal/health":         {"internal/crash"},
	"internal/testbroker":     {},
	"internal/config":         {"internal/conf", "internal/glob", "parse", "redact", "rules"},
	"internal/testredis":      {},
	"bench":                   {""},
	"cmd":                     {""},
	"internal/e2e":            {""},
	"internal/lint":           {""},
	"pipeline/sim":            {""},
	"pipeline/sourcetest":     {""},
	"rollup/storetest":        {""},
}

// pure are the folders whose packages turn bytes into values and do nothing else.
var pure = []string{"parse", "rules", "correlate", "correlate/id", "correlate/workflow"}

// impure are the imports that such a package has no business with.
var impure = []string{"net", "net/http", "os", "os/exec", "log", "log/slog", "sync", "github.com/segmentio/kafka-go"}

func TestImportDirections(t *testing.T) {
	eachFile(t, func(dir, path string, file *ast.File) {
		rule, ok := ruleOf(dir)
		if !ok {
			t.Errorf("%s: no rule says what it may import; add its folder to the table", path)
			return
		}
		for _, imported := range importsOf(file) {
			ours, isOurs := strings.CutPrefix(imported, module)
			if isOurs && !hasPrefix(rule, ours) {
				t.Errorf("%s imports %s, which %s may not", path, ours, dir)
			}
		}
	})
}

func TestTransformersArePure(t *testing.T) {
	eachFile(t, func(dir, path string, file *ast.File) {
		if !isPure(dir) {
			return
		}
		for _, imported := range importsOf(file) {
			for _, bad := range impure {
				if imported == bad {
					t.Errorf("%s imports %s: %s turns bytes into values and does nothing else", path, bad, dir)
				}
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s starts a goroutine (at byte %d)", path, g.Pos())
			}
			return true
		})
	})
}

// TestOutputsTakeNothingRaw holds what the types do not: that sinks use parse for its closed sets only, and
// that redacted text is made of plain strings only where a store, or the owner of a request, reads back what was
// redacted before it was written.
func TestOutputsTakeNothingRaw(t *testing.T) {
	closedSets := map[string]bool{"Level": true, "Reason": true, "ReasonCount": true, "LevelCount": true}
	eachFile(t, func(dir, path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := call.X.(*ast.Ident)
			if !ok {
				return true
			}
			name := call.Sel.Name
			if from.Name == "parse" && strings.HasPrefix(dir, "sinks") && !closedSets[name] && !strings.HasPrefix(name, "Level") && !isReason(name) {
				t.Errorf("%s uses parse.%s: a sink takes redacted types only", path, name)
			}
			if from.Name == "redact" && name == "Stored" && path != "rollup/key.go" && path != "correlate/workflow/document.go" && path != "correlate/wire.go" && path != "correlate/document.go" && dir != "rollup/storetest" {
				t.Errorf("%s makes redacted text of a plain string; only the reading of a store may", path)
			}
			return true
		})
	})
}

func isReason(name string) bool {
	switch name {
	case "OK", "Held", "Tombstone", "Empty", "NotJSON", "NotObject", "Truncated", "TooLong", "TooDeep", "Defect", "Incomplete":
		return true
	}
	return false
}

// TestNoInit keeps work out of program start: no package may have an init function.
func TestNoInit(t *testing.T) {
	eachFile(t, func(_, path string, file *ast.File) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function", path)
			}
		}
	})
}

func TestEveryPackageHasADoc(t *testing.T) {
	documented, seen := map[string]bool{}, map[string]bool{}
	eachFile(t, func(dir, _ string, file *ast.File) {
		seen[dir] = true
		if file.Doc != nil {
			documented[dir] = true
		}
	})
	for dir := range seen {
		if !documented[dir] {
			t.Errorf("package %s has no doc comment", dir)
		}
	}
}

func isPure(dir string) bool {
	for _, p := range pure {
		if dir == p {
			return true
		}
	}
	return false
}

func ruleOf(dir string) ([]string, bool) {
	for d := dir; d != "."; d = filepath.ToSlash(filepath.Dir(d)) {
		if rule, ok := allowed[d]; ok {
			return rule, true
		}
	}
	return nil, false
}

func hasPrefix(rule []string, path string) bool {
	for _, r := range rule {
		if r == "" || path == r || strings.HasPrefix(path, r+"/") {
			return true
		}
	}
	return false
}

func importsOf(file *ast.File) (paths []string) {
	for _, i := range file.Imports {
		paths = append(paths, strings.Trim(i.Path.Value, `"`))
	}
	return paths
}

// eachFile calls f for every Go file of the module that is no test, with its folder relative to the root.
func eachFile(t *testing.T, f func(dir, path string, file *ast.File)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f(filepath.ToSlash(filepath.Dir(rel)), filepath.ToSlash(rel), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
