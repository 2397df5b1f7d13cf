package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestZones(t *testing.T) {
	c := Default()
	c.Summary.Zone = "Europe/Stockholm"
	c.Summary.Zones = map[string]string{"pay-*": "Europe/Oslo", "pay-us-*": "America/New_York", "pay-us-test": "UTC", "*-in": "Asia/Kolkata"}
	zone, of := c.Zones()
	if zone.String() != "Europe/Stockholm" {
		t.Errorf("zone %s", zone)
	}
	for service, want := range map[string]string{"pay-a": "Europe/Oslo", "pay-us-a": "America/New_York", "pay-us-test": "UTC", "crm-in": "Asia/Kolkata", "crm": ""} {
		got := ""
		if z := of(service); z != nil {
			got = z.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", service, got, want)
		}
	}
	if _, of := Default().Zones(); of != nil {
		t.Error("without zones of services there is a function for them")
	}
}

func TestTimesThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		"summary: {zone: Europe/Stokholm}\n": `f.yaml:1:17: summary.zone: "Europe/Stokholm" is no zone`,
		"summary:\n  zones: {pay: Local}\n":  `f.yaml:2:16: summary.zones.pay: "Local" is no zone`,
		"retention: 1h\n":                    "f.yaml:1:12: retention: 1h0m0s is too short",
		"max_skew: -1m\n":                    "f.yaml:1:11: max_skew: -1m0s is less than nothing",
	} {
		path := filepath.Join(t.TempDir(), "f.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}
