package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/logproc/logproc/rollup"
)

const (
	// maxSummaries is how many summaries are made at a time; further requests are told to come again.
	maxSummaries = 2
	// summaryTimeout ends the making of one.
	summaryTimeout = 30 * time.Second
	// maxName is the longest service or environment that is asked for, in bytes.
	maxName = 256
)

// SummaryQuery is what a request asks for. What it leaves out is nil or zero, and up to the callback.
type SummaryQuery struct {
	Day       *rollup.Date   // nil: the callback's default
	Zone      *time.Location // nil: the callback's default
	Service   *string        // nil: all
	Env       *string        // nil: all
	Format    string         // text, html, json or csv
	AllLevels bool
	Days      int          // how many days that end with Day, at least 1
	Previous  *rollup.Date // what the day is compared with; nil: nothing
}

// contentTypes gives the type of each format.
var contentTypes = map[string]string{
	"text": "text/plain; charset=utf-8",
	"html": "text/html; charset=utf-8",
	"json": "application/json",
	"csv":  "text/csv; charset=utf-8",
}

// maxDays is the largest number of days that is asked for.
const maxDays = 31

// serveSummary answers /api/v1/summary?day=&days=&previous=&service=&env=&tz=&format=&all_levels=
func (s *Server) serveSummary(w http.ResponseWriter, r *http.Request) {
	q, err := parseSummaryQuery(r.URL.RawQuery)
	if err != nil {
		writeText(w, http.StatusBadRequest, err.Error())
		return
	}
	select {
	case s.summary <- struct{}{}:
		defer func() { <-s.summary }()
	default:
		w.Header().Set("Retry-After", "1")
		writeText(w, http.StatusServiceUnavailable, fmt.Sprintf("%d summaries are being made; try again", maxSummaries))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), summaryTimeout)
	defer cancel()
	var out bytes.Buffer
	if err := s.options.Summary(ctx, q, &out); err != nil {
		s.options.Logger.Error("make a summary for a request", "error", err)
		writeText(w, http.StatusInternalServerError, "the summary could not be made; the log says why")
		return
	}
	w.Header().Set("Content-Type", contentTypes[q.Format])
	_, _ = w.Write(out.Bytes())
}

// parseSummaryQuery reads the parameters. Its errors say what was expected and never repeat a value.
func parseSummaryQuery(raw string) (q SummaryQuery, err error) {
	q.Format, q.Days = "text", 1
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, errors.New("the query cannot be read; expected name=value pairs joined by &, percent-encoded")
	}
	for name, given := range values {
		set, known := parameters[name]
		if !known {
			names := make([]string, 0, len(parameters))
			for n := range parameters {
				names = append(names, n)
			}
			slices.Sort(names)
			return q, fmt.Errorf("there is a parameter that is not known; expected %s", strings.Join(names, ", "))
		}
		if len(given) != 1 {
			return q, fmt.Errorf("%s: it is given %d times; expected once", name, len(given))
		}
		if given[0] == "" && name != "env" { // an empty env is that of records that name none
			continue
		}
		if err := set(&q, given[0]); err != nil {
			return q, fmt.Errorf("%s: %w", name, err)
		}
	}
	if q.Previous != nil && q.Days > 1 {
		return q, errors.New("previous: it compares one day; leave out days")
	}
	return q, nil
}

// parameters reads each parameter into a query.
var parameters = map[string]func(q *SummaryQuery, v string) error{
	"day": func(q *SummaryQuery, v string) error {
		day, err := rollup.ParseDate(v)
		q.Day = &day
		return err
	},
	"previous": func(q *SummaryQuery, v string) error {
		day, err := rollup.ParseDate(v)
		q.Previous = &day
		return err
	},
	"days": func(q *SummaryQuery, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxDays {
			return fmt.Errorf("expected a number of days from 1 to %d", maxDays)
		}
		q.Days = n
		return nil
	},
	"tz": func(q *SummaryQuery, v string) (err error) {
		if q.Zone, err = time.LoadLocation(v); err != nil || v == "Local" {
			return errors.New("expected a name of the tz database such as Europe/Stockholm or UTC")
		}
		return nil
	},
	"service": func(q *SummaryQuery, v string) error { q.Service = &v; return checkName(v) },
	"env":     func(q *SummaryQuery, v string) error { q.Env = &v; return checkName(v) },
	"format": func(q *SummaryQuery, v string) error {
		if _, known := contentTypes[v]; !known {
			return errors.New("expected text, html, json or csv")
		}
		q.Format = v
		return nil
	},
	"all_levels": func(q *SummaryQuery, v string) (err error) {
		if q.AllLevels, err = strconv.ParseBool(v); err != nil {
			return errors.New("expected true or false")
		}
		return nil
	},
}

func checkName(v string) error {
	if len(v) > maxName || !utf8.ValidString(v) {
		return fmt.Errorf("expected at most %d bytes of UTF-8", maxName)
	}
	return nil
}
