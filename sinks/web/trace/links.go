package trace

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
)

// Link is a place where more may be known of a request.
type Link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Places that a template of a link can hold.
const (
	placeTrace   = "{trace_id}"
	placeRequest = "{request_id}"
	placeFrom    = "{from_ms}"
	placeTo      = "{to_ms}"
)

// Templates are the links of a timeline by name, such as
// jaeger: https://jaeger.example/trace/{trace_id}.
type Templates map[string]string

// CheckTemplate says what is wrong with a template: it has to be an http or https URL, whose host no id can change.
func CheckTemplate(template string) error {
	rest := strings.NewReplacer(placeTrace, "0", placeRequest, "0", placeFrom, "0", placeTo, "0").Replace(template)
	u, err := url.Parse(rest)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(rest, "{}") {
		return fmt.Errorf("it is no URL template, expected https://host/path with %s, %s, %s or %s in it", placeTrace, placeRequest, placeFrom, placeTo)
	}
	_, rest, _ = strings.Cut(template, "//")
	if host, _, _ := strings.Cut(rest, "/"); strings.ContainsAny(host, "{}") {
		return errors.New("an id is part of the host, expected it behind the host")
	}
	return nil
}

// slackMillis is how far before and after the request a link to logs looks.
const slackMillis = 60_000

// Links gives the links of a timeline in the order of their names. One that asks for an id that the request does not
// have, or that is hidden, is left out; with several traces there is one for each.
func Links(t *correlate.Timeline, templates Templates) []Link {
	var list []Link
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		template := templates[name]
		switch {
		case CheckTemplate(template) != nil:
		case strings.Contains(template, placeTrace):
			for _, n := range t.Traces {
				if id.Trace([]byte(n.Text.String())) == n.ID && n.ID.Form != id.Free {
					list = append(list, Link{name, fill(template, n.ID.String(), requestOf(t), t)})
				}
			}
		case strings.Contains(template, placeRequest):
			if request := requestOf(t); request != "" {
				list = append(list, Link{name, fill(template, "", request, t)})
			}
		}
	}
	return list
}

// requestOf gives the RequestID as it is shown; empty when there is none or it is hidden.
func requestOf(t *correlate.Timeline) string {
	for _, n := range t.Requests {
		if id.Request([]byte(n.Text.String())) == n.ID {
			return n.Text.String()
		}
	}
	return ""
}

func fill(template, trace, request string, t *correlate.Timeline) string {
	return strings.NewReplacer(
		placeTrace, trace, placeRequest, url.QueryEscape(request),
		placeFrom, strconv.FormatInt(t.First/1e6-slackMillis, 10), placeTo, strconv.FormatInt(t.Last/1e6+slackMillis, 10),
	).Replace(template)
}
