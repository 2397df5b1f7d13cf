package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"path/filepath"
	"strings"
)

// Where SARIF 2.1.0 is defined.
const (
	sarifSchema    = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	sarifVersion   = "2.1.0"
	informationURI = "https://github.com/logproc/logproc"
)

// sarif writes one run as a SARIF log: the head with the rules, then a result for each finding.
type sarif struct {
	w     io.Writer
	rules map[string]int // index by name
	count int
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID                   string    `json:"id"`
	Name                 string    `json:"name"`
	ShortDescription     sarifText `json:"shortDescription"`
	FullDescription      sarifText `json:"fullDescription"`
	Help                 sarifText `json:"help"`
	DefaultConfiguration struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifResult struct {
	RuleID              string            `json:"ruleId"`
	RuleIndex           int               `json:"ruleIndex"`
	Level               string            `json:"level"`
	Message             sarifText         `json:"message"`
	Locations           []sarifLocation   `json:"locations"`
	OccurrenceCount     int64             `json:"occurrenceCount"`
	PartialFingerprints map[string]string `json:"partialFingerprints"`
	Properties          sarifProperties   `json:"properties"`
}

type sarifLocation struct {
	PhysicalLocation struct {
		ArtifactLocation struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			StartLine int64 `json:"startLine"`
		} `json:"region"`
	} `json:"physicalLocation"`
}

type sarifProperties struct {
	Service    string `json:"service"`
	Key        string `json:"key"`
	Field      string `json:"field,omitempty"`
	Suggestion string `json:"suggestion,omitempty"`
}

func newSARIF(w io.Writer, version string) (*sarif, error) {
	s := &sarif{w: w, rules: make(map[string]int)}
	driver := sarifDriver{Name: "logproc", Version: version, InformationURI: informationURI}
	for i, r := range allRules() {
		s.rules[r.name] = i
		short, _, _ := strings.Cut(r.help, ". ")
		described := sarifRule{ID: r.name, Name: camel(r.name), ShortDescription: sarifText{strings.TrimSuffix(short, ".") + "."},
			FullDescription: sarifText{r.help}, Help: sarifText{r.help}}
		described.DefaultConfiguration.Level = r.level
		driver.Rules = append(driver.Rules, described)
	}
	tool, err := marshal(map[string]any{"driver": driver})
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(w, `{"$schema":"`+sarifSchema+`","version":"`+sarifVersion+`","runs":[{"tool":`+string(tool)+`,"columnKind":"utf16CodeUnits","results":[`)
	return s, err
}

// Finding writes a result.
func (s *sarif) Finding(f *Finding) error {
	start := "\n"
	if s.count > 0 {
		start = ",\n"
	}
	s.count++
	r := sarifResult{RuleID: f.Rule, RuleIndex: s.rules[f.Rule], Level: levelOf(f.Rule), Message: sarifText{f.Message() + times(f.Count)},
		Locations: make([]sarifLocation, 1), OccurrenceCount: f.Count, PartialFingerprints: map[string]string{"logproc/v1": fingerprint(f)},
		Properties: sarifProperties{f.Service, f.Key, f.Field, f.Suggestion}}
	at := &r.Locations[0].PhysicalLocation
	at.ArtifactLocation.URI = uri(f.File)
	at.Region.StartLine = f.Line
	b, err := marshal(r)
	if err == nil {
		_, err = s.w.Write(append([]byte(start), b...))
	}
	return err
}

// Close writes the end.
func (s *sarif) Close() error {
	_, err := io.WriteString(s.w, "\n]}]}\n")
	return err
}

// fingerprint stays the same when lines move, so that a finding is recognised in the next run.
func fingerprint(f *Finding) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{f.File, f.Service, f.Rule, f.Key, f.Field}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// uri gives a file's name as a URI reference: relative names stay relative to where logproc runs.
func uri(name string) string {
	name = filepath.ToSlash(name)
	if filepath.IsAbs(name) {
		return (&url.URL{Scheme: "file", Path: name}).String()
	}
	return (&url.URL{Path: name}).String()
}

// camel gives MissingKey for missing_key, as SARIF's names of rules are written.
func camel(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
