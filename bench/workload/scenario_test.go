package workload_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/bench/workload"
)

// seen sums up what a scenario wrote in one second.
type seen struct {
	byMsg      map[string]int
	bankMillis float64 // mean
}

// play writes 2,000 records a second and gives what was seen in each second.
func play(t *testing.T, seconds int) []seen {
	t.Helper()
	s := workload.NewScenario(1, start)
	services, traces := map[string]bool{}, map[string]string{}
	var all []seen
	for second := range seconds {
		now := seen{byMsg: map[string]int{}}
		banks := 0
		for i := range 2000 {
			line, key := s.Append(nil, start.Add(time.Duration(second)*time.Second+time.Duration(i)*time.Millisecond/2))
			o := map[string]any{}
			if err := json.Unmarshal(line, &o); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			service := first(o, "service", "MesosTaskID", "service.name")
			service, _, _ = strings.Cut(service, "-")
			services[service] = true
			request, trace := first(o, "request_id", "RequestID", "x-request-id"), first(o, "trace_id", "TraceID", "trace.id")
			if request != string(key) {
				t.Fatalf("the key is %q, the request %q", key, request)
			}
			if known := traces[request]; known != "" && known != trace || len(trace) != 32 {
				t.Fatalf("request %s has the traces %q and %q", request, known, trace)
			}
			traces[request] = trace
			now.byMsg[first(o, "msg", "message")]++
			if service == "bank" {
				now.bankMillis += o["duration"].(float64)
				banks++
			}
		}
		now.bankMillis /= float64(max(1, banks))
		all = append(all, now)
	}
	if len(services) != 10 || len(workload.ScenarioServices()) != 10 {
		t.Errorf("%d services, want 10", len(services))
	}
	return all
}

func first(o map[string]any, names ...string) string {
	for _, name := range names {
		if v, ok := o[name].(string); ok {
			return v
		}
	}
	return ""
}

func TestScenarioShowsItsIncident(t *testing.T) {
	all := play(t, 20)
	for second, now := range all {
		incident := workload.IncidentAt(time.Duration(second) * time.Second)
		leaks := 0
		for msg, n := range now.byMsg {
			if strings.Contains(msg, "@example.com") {
				leaks += n
			}
		}
		for what, is := range map[string][2]bool{
			"error burst":  {incident.ErrorBurst, now.byMsg["payment-charge-fail-err_bank_timeout"] > 0},
			"leaked email": {incident.LeakedEmail, leaks > 0},
			"bad key":      {incident.BadKey, now.byMsg["Login Failed For User"] > 0},
		} {
			if is[0] != is[1] {
				t.Errorf("second %d: %s announced %v, seen %v", second, what, is[0], is[1])
			}
		}
	}
	if calm, slow := all[0].bankMillis, all[14].bankMillis; slow < 10*calm {
		t.Errorf("bank takes %.0f ms in the incident and %.0f ms before", slow, calm)
	}
}

func TestScenarioIsDeterministic(t *testing.T) {
	var texts [2][]byte
	for i := range texts {
		s := workload.NewScenario(9, start)
		for n := range 1000 {
			texts[i], _ = s.Append(texts[i], start.Add(time.Duration(n)*time.Millisecond))
		}
	}
	if !slices.Equal(texts[0], texts[1]) {
		t.Error("two scenarios with the same seed differ")
	}
}

func TestIncidentText(t *testing.T) {
	for elapsed, want := range map[time.Duration]string{
		0:                "",
		3 * time.Second:  "bank is slow",
		65 * time.Second: "bank is slow, auth uses a sentence as key",
		8 * time.Second:  "bank is slow, payment fails, mailer leaks e-mail addresses, auth uses a sentence as key",
	} {
		if got := workload.IncidentAt(elapsed).String(); got != want {
			t.Errorf("after %v: %q, want %q", elapsed, got, want)
		}
	}
}
