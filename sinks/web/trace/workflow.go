package trace

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/logproc/logproc/correlate/workflow"
)

// Entities writes one line for each entity: workflow, entity, state, since when, for how long as of a time, and what is
// wrong with it, with tabs between.
func Entities(w io.Writer, list []*workflow.Entity, now int64) error {
	out := bufio.NewWriter(w)
	for _, n := range list {
		state, since, begun := n.State()
		name := orDash(state)
		if !begun {
			name = "announced"
		}
		_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", n.Workflow, printable(n.Text), name, stamp(since), span(now-since), problems(n))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the workflows: %w", err)
	}
	return nil
}

func problems(n *workflow.Entity) string {
	if list := n.Problems(); len(list) > 0 {
		return strings.Join(list, ",")
	}
	return "ok"
}

// span writes a duration in whole seconds.
func span(ns int64) string { return time.Duration(max(ns, 0)).Round(time.Second).String() }

// Announcements writes the findings that are about no single entity: work that was announced and has not begun.
func Announcements(w io.Writer, findings []workflow.Finding) error {
	for _, f := range findings {
		if f.Kind == workflow.NeverStarted && f.Entity.String() == "" {
			if _, err := fmt.Fprintf(w, "%s\t-\tannounced\t%s\t%s\tnever_started: %d announced, %d seen\n", f.Workflow, stamp(f.Since), span(f.At-f.Since), f.Count, f.Seen); err != nil {
				return fmt.Errorf("write the workflows: %w", err)
			}
		}
	}
	return nil
}

// EntitiesJSON writes the entities as a JSON array.
func EntitiesJSON(w io.Writer, list []*workflow.Entity) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if list == nil {
		list = []*workflow.Entity{}
	}
	if err := encoder.Encode(list); err != nil {
		return fmt.Errorf("write the workflows: %w", err)
	}
	return nil
}

// stepRow is a state in the timeline of an entity.
type stepRow struct {
	At, State, For, Trace string
	Bad                   bool
}

// steps gives the states of an entity; the last one lasts until now unless it is an end.
func steps(n *workflow.Entity, now int64) []stepRow {
	var rows []stepRow
	for i, s := range n.Steps {
		row := stepRow{At: stamp(s.At), State: orDash(s.State), Trace: orDash(s.Trace), Bad: s.Bad, For: "-"}
		if i+1 < len(n.Steps) {
			row.For = span(n.Steps[i+1].At - s.At)
		} else if !n.Ended {
			row.For = span(now-s.At) + " so far"
		}
		rows = append(rows, row)
	}
	return rows
}

// Entity writes the states of an entity, one line each: since when, the state, for how long, and the trace.
func Entity(w io.Writer, n *workflow.Entity, now int64) error {
	out := bufio.NewWriter(w)
	_, _ = fmt.Fprintf(out, "Workflow: %s\nEntity: %s\nTrace: %s (%d in all)\nStatus: %s\n\n", n.Workflow, printable(n.Text), orDash(n.Trace), n.Segments, problems(n))
	for i, row := range steps(n, now) {
		note := ""
		if row.Bad {
			note = "\tillegal"
		}
		_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s%s\n", row.At, row.State, row.For, row.Trace, note)
		if i == 0 && n.Dropped > 0 {
			_, _ = fmt.Fprintf(out, "... %d states are not kept any more\n", n.Dropped)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the workflow: %w", err)
	}
	return nil
}

const entityPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{.Workflow}} {{.Entity}}</title>
<style>
body { font: 14px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; color: #1c2733; background: #fff; }
td, th { text-align: left; padding: .15em 1em .15em 0; overflow-wrap: anywhere; } .bad { color: #a32020; }
</style>
</head>
<body>
<main>
<h1>{{.Workflow}} {{.Entity}}</h1>
<p{{if .Wrong}} class="bad"{{end}}>{{.Status}}, trace {{.Trace}}</p>
<table>
<tr><th>since</th><th>state</th><th>for</th><th>trace</th></tr>
{{range .Steps}}<tr{{if .Bad}} class="bad"{{end}}><td>{{.At}}</td><td>{{.State}}</td><td>{{.For}}</td><td>{{.Trace}}</td></tr>
{{end}}</table>
</main>
</body>
</html>
`

// EntityHTML writes the states of an entity as a page that needs nothing from elsewhere.
func EntityHTML(w io.Writer, n *workflow.Entity, now int64) error {
	page, err := template.New("entity").Parse(entityPage)
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	err = page.Execute(w, map[string]any{"Workflow": n.Workflow, "Entity": printable(n.Text), "Status": problems(n), "Wrong": len(n.Problems()) > 0,
		"Trace": orDash(n.Trace), "Steps": steps(n, now)})
	if err != nil {
		return fmt.Errorf("write the workflow: %w", err)
	}
	return nil
}
