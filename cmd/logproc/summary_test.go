package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeLog writes a log with n events of each of some keys on a day, and gives its path.
func writeLog(t *testing.T, name, day string, keys map[string]int) string {
	t.Helper()
	var b strings.Builder
	for key, n := range keys {
		for range n {
			fmt.Fprintf(&b, `{"t":"%sT12:00:00Z","service":"ctrl","env":"anna","level":"error","msg":%q}`+"\n", day, key)
		}
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSummaryOfSeveralDaysAndComparisons(t *testing.T) {
	monday := writeLog(t, "monday.jsonl", "2026-03-16", map[string]int{"api-call-fail": 3, "api-old-fail": 1})
	tuesday := writeLog(t, "tuesday.jsonl", "2026-03-17", map[string]int{"api-call-fail": 5, "api-new-fail": 2})
	const compared = "CTRL Daily Summary anna 7, 2026-03-16: 4\n\napi-call-fail\t5\t3\t+2\napi-new-fail\t2\t0\t+2\napi-old-fail\t0\t1\t-1\n"
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"one day", []string{"--day", "2026-03-17", monday, tuesday}, "CTRL Daily Summary anna 7\n\napi-call-fail\t5\napi-new-fail\t2\n"},
		{"two days", []string{"--days", "2", monday, tuesday},
			"CTRL Daily Summary anna 2026-03-16 to 2026-03-17 11\n\nkey\ttotal\t2026-03-16\t2026-03-17\n" +
				"api-call-fail\t8\t3\t5\napi-new-fail\t2\t0\t2\napi-old-fail\t1\t1\t0\n"},
		{"another day", []string{"--day", "2026-03-17", "--previous", "2026-03-16", monday, tuesday}, compared},
		{"another file", []string{"--previous", monday, tuesday}, compared},
		{"CSV", []string{"--format", "csv", tuesday},
			"day,service,env,key,level,count\n2026-03-17,ctrl,anna,api-call-fail,error,5\n2026-03-17,ctrl,anna,api-new-fail,error,2\n"},
	} {
		out, errs, code := runCommandLine(t, "", append([]string{"summary"}, test.args...)...)
		if code != exitOK || out != test.want {
			t.Errorf("%s: exit code %d, got:\n%s\nwant:\n%s\nmessages: %s", test.name, code, out, test.want, errs)
		}
	}
	out, _, _ := runCommandLine(t, "", "summary", "--days", "2", "--format", "json", monday, tuesday)
	var document struct {
		Summaries []struct {
			Day   string
			Total int
		}
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || len(document.Summaries) != 2 || document.Summaries[0].Day != "2026-03-16" || document.Summaries[1].Total != 7 {
		t.Errorf("%v: %+v", err, document)
	}
}

func TestSummaryRefuses(t *testing.T) {
	log := writeLog(t, "log.jsonl", "2026-03-17", map[string]int{"api-call-fail": 5})
	for want, args := range map[string][]string{
		"--days 0: expected a number of days from 1 to 366": {"--days", "0", log},
		"--previous compares one day; leave out --days":     {"--days", "2", "--previous", "2026-03-16", log},
		"no-such-file":                                             {"--previous", "no-such-file", log},
		"--previous -: expected a file or a day":                   {"--previous", "-", log},
		"no events of those that are asked for in it, expected so": {"--service", "ctrl", "--previous", os.DevNull, log},
	} {
		out, errs, code := runCommandLine(t, "", append([]string{"summary"}, args...)...)
		if code != exitError || out != "" || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q, messages %q, want %q", args, code, out, errs, want)
		}
	}
}
