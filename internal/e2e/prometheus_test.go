//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// prometheus is a Prometheus server that scrapes one target.
type prometheus struct {
	address string
	process *process
}

// startPrometheus starts a server with its own configuration and data, and waits until it is ready.
func startPrometheus(t *testing.T, target string, args ...string) *prometheus {
	t.Helper()
	config := writeTemp(t, "prometheus.yml", fmt.Appendf(nil, `global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: logproc
    static_configs:
      - targets: [%q]
`, target))
	must(t, nil, "promtool", "check", "config", config)
	s := &prometheus{address: address(freePort(t))}
	s.process = start(t, "prometheus", append([]string{"--config.file=" + config,
		"--storage.tsdb.path=" + filepath.Join(t.TempDir(), "data"), "--web.listen-address=" + s.address}, args...)...)
	eventually(t, 30*time.Second, "start Prometheus", func() error {
		if !s.process.running() {
			t.Fatalf("Prometheus ended:\n%s", tail(s.process.text(), 10))
		}
		_, err := s.get("/-/ready", nil)
		return err
	})
	return s
}

func (s *prometheus) get(path string, query url.Values) ([]byte, error) {
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get("http://" + s.address + path + "?" + query.Encode())
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, response.Status)
	}
	return body, err
}

// totals gives the result of an instant query with the labels msg, service and level.
func (s *prometheus) totals(query string) (map[series]uint64, error) {
	body, err := s.get("/api/v1/query", url.Values{"query": {query}})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	totals := make(map[series]uint64)
	for _, r := range answer.Data.Result {
		text, ok := r.Value[1].(string)
		if !ok {
			return nil, errors.New("a sample without a value")
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		totals[series{r.Metric["msg"], r.Metric["service"], r.Metric["level"]}] += uint64(n)
	}
	return totals, nil
}

// targetHealth gives up, down or unknown, with the last scrape's error.
func (s *prometheus) targetHealth() (string, error) {
	body, err := s.get("/api/v1/targets", nil)
	if err != nil {
		return "", err
	}
	var answer struct {
		Data struct {
			ActiveTargets []struct{ Health, LastError string }
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", err
	}
	if len(answer.Data.ActiveTargets) != 1 {
		return "", fmt.Errorf("%d targets", len(answer.Data.ActiveTargets))
	}
	target := answer.Data.ActiveTargets[0]
	if target.LastError != "" {
		err = errors.New(target.LastError)
	}
	return target.Health, err
}

// The shipped alerts are well-formed, and each has a case in which it fires and one in which it is silent.
func TestShippedAlerts(t *testing.T) {
	dir := filepath.Join(shared.root, "deploy/prometheus")
	must(t, nil, "promtool", "check", "rules", filepath.Join(dir, "logproc.rules.yaml"))
	must(t, nil, "promtool", "test", "rules", filepath.Join(dir, "logproc.rules.test.yaml"))
}

// Trace ids of log lines come back from a real Prometheus as exemplars of the counter and the histogram.
func TestExemplarsInPrometheus(t *testing.T) {
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	topic := newTopic(t, 1)
	line := fmt.Sprintf(`{"t":%q,"service":"crm","env":"e2e","lvl":"error","msg":"order-sync-fail","duration":812.5,"traceparent":"00-%s-00f067aa0ba902b7-01"}`,
		time.Now().UTC().Format(time.RFC3339Nano), trace)
	d := newDeployment(t, topic)
	run := d.start()
	d.healthy(run)
	server := startPrometheus(t, d.listen, "--enable-feature=exemplar-storage")
	kcatLines(t, topic, 1, [][]byte{[]byte(line)})
	now := time.Now()
	for _, query := range []string{`log_events_total{msg="order-sync-fail"}`, `log_event_duration_seconds_bucket{msg="order-sync-fail"}`} {
		eventually(t, time.Minute, "give the exemplar of "+query, func() error {
			body, err := server.get("/api/v1/query_exemplars", url.Values{"query": {query},
				"start": {strconv.FormatInt(now.Add(-time.Hour).Unix(), 10)}, "end": {strconv.FormatInt(now.Add(time.Hour).Unix(), 10)}})
			if err == nil && !strings.Contains(string(body), trace) {
				err = fmt.Errorf("answer: %s", body)
			}
			return err
		})
	}
	terminate(t, run)
}
