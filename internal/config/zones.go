package config

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/logproc/logproc/internal/glob"
)

const expectZone = "a name of the tz database as in Europe/Stockholm"

// LoadZone gives a zone by its name in the tz database.
func LoadZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" || name == "" {
		return nil, fmt.Errorf("%q is no zone", name)
	}
	return zone, nil
}

func (c *Config) checkZones(doc report) {
	if _, err := LoadZone(c.Summary.Zone); err != nil {
		doc.Add("summary.zone", err.Error(), expectZone)
	}
	for _, service := range slices.Sorted(maps.Keys(c.Summary.Zones)) {
		if _, err := LoadZone(c.Summary.Zones[service]); err != nil {
			doc.Add("summary.zones."+service, err.Error(), expectZone)
		}
	}
}

// Zones gives the zone of summaries and that of each service of another zone (nil: none has). Names are
// expected to be checked.
func (c *Config) Zones() (zone *time.Location, of func(service string) *time.Location) {
	zone, err := LoadZone(c.Summary.Zone)
	if err != nil {
		zone = time.UTC
	}
	if len(c.Summary.Zones) == 0 {
		return zone, nil
	}
	patterns := slices.SortedFunc(maps.Keys(c.Summary.Zones), func(a, b string) int {
		if x, y := glob.Glob(a).Literal(), glob.Glob(b).Literal(); x != y {
			if x {
				return -1
			}
			return 1
		}
		return len(b) - len(a)
	})
	zones := make([]*time.Location, len(patterns))
	for i, p := range patterns {
		zones[i], _ = LoadZone(c.Summary.Zones[p])
	}
	return zone, func(service string) *time.Location {
		for i, p := range patterns {
			if glob.Glob(p).Match([]byte(service)) {
				return zones[i]
			}
		}
		return nil
	}
}

// AllZones gives every zone that a summary's day can be of, each once.
func (c *Config) AllZones() []*time.Location {
	zone, _ := c.Zones()
	zones := []*time.Location{zone}
	for _, name := range slices.Sorted(maps.Values(c.Summary.Zones)) {
		if z, err := LoadZone(name); err == nil && !slices.ContainsFunc(zones, func(other *time.Location) bool { return other.String() == name }) {
			zones = append(zones, z)
		}
	}
	return zones
}
