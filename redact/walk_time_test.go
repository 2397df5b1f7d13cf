package redact_test

import (
	"testing"

	"github.com/logproc/logproc/redact"
)

// TestTimesAndWhatLooksLikeThem: times stay, and nothing personal does that has their length.
func TestTimesAndWhatLooksLikeThem(t *testing.T) {
	for in, want := range map[string]string{
		"2019-09-24T09:29:07Z":                "2019-09-24T09:29:07Z",
		"2019-09-24T09:29:07.068959383Z":      "2019-09-24T09:29:07.068959383Z",
		"2019-09-24T09:29:07.068959383+02:00": "2019-09-24T09:29:07.068959383+02:00",
		"2019-09-24T09:29:07-11:30":           "2019-09-24T09:29:07-11:30",
		"2019-09-24T09:29:07 a@b.se":          "2019-09-24T09:29:07 <email>",
		"19920203-9807 and more":              "<personnummer> and more",
		"call +46 8 465 004 13":               "call <phone>",
		"2019-09-24T10.20.30.40Z":             "2019-09-24T10.20.30.40Z",
	} {
		r := newRedactor(t)
		line := `{"x":"` + in + `"}`
		for range 2 { // as a new member and as a known one
			if got := string(r.Apply(redact.Source{Value: []byte(line)}).Value()); got != `{"x":"`+want+`"}` {
				t.Errorf("%s gives %s, want %s", in, got, want)
			}
		}
	}
}
