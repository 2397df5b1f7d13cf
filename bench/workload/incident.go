package workload

import (
	"strings"
	"time"
)

// CycleLength is the time from one incident of a Scenario to the next.
const CycleLength = time.Minute

// When within a cycle each symptom shows. All fit into a demonstration of 20 seconds.
const (
	slowFrom, slowTo     = 3 * time.Second, 15 * time.Second
	badKeyFrom, badKeyTo = 5 * time.Second, 13 * time.Second
	burstFrom, burstTo   = 6 * time.Second, 13 * time.Second
	leakFrom, leakTo     = 7 * time.Second, 13 * time.Second
)

// Incident says what goes wrong at a moment of a Scenario.
type Incident struct {
	SlowDependency bool // the service bank takes longer and longer
	ErrorBurst     bool // payment refuses most charges (payment-charge-fail-err_bank_timeout)
	LeakedEmail    bool // mailer writes a customer's e-mail address into its msg
	BadKey         bool // auth uses the sentence "Login Failed For User" as msg
}

// IncidentAt gives the incident at a time since the scenario's start.
func IncidentAt(elapsed time.Duration) Incident {
	t := elapsed % CycleLength
	within := func(from, to time.Duration) bool { return from <= t && t < to }
	return Incident{
		SlowDependency: within(slowFrom, slowTo),
		ErrorBurst:     within(burstFrom, burstTo),
		LeakedEmail:    within(leakFrom, leakTo),
		BadKey:         within(badKeyFrom, badKeyTo),
	}
}

// String gives what goes wrong in a few words, empty when all is well.
func (i Incident) String() string {
	var s []string
	for _, symptom := range []struct {
		on   bool
		text string
	}{
		{i.SlowDependency, "bank is slow"},
		{i.ErrorBurst, "payment fails"},
		{i.LeakedEmail, "mailer leaks e-mail addresses"},
		{i.BadKey, "auth uses a sentence as key"},
	} {
		if symptom.on {
			s = append(s, symptom.text)
		}
	}
	return strings.Join(s, ", ")
}
