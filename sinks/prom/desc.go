package prom

import "github.com/prometheus/client_golang/prometheus"

// descs describes every family that the exporter itself shows.
type descs struct {
	events, durations *prometheus.Desc

	records, pending, lost, lagRecords, lagSeconds, idle                     *prometheus.Desc
	violations, deadLetters, deadLetterErrors, conflicts, overflow, untimely *prometheus.Desc
	redactions, observed, withheld, policy, policyFailed                     *prometheus.Desc
	commits, rates, kafkaRead, kafkaWritten, buildInfo                       *prometheus.Desc
}

func newDescs() descs {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return descs{
		events: d("log_events_total", "Events counted and committed, by the key of their log message.",
			"service", "env", "level", "msg"),
		durations: d("log_event_duration_seconds", "Durations that log messages gave, by their key.",
			"service", "env", "msg"),
		records: d("logproc_records_total", "Records by what became of them since the start: fetched is the sum of counted, dead_lettered, "+
			"skipped, discarded (read again later, here or elsewhere) and logproc_records_pending.", "topic", "partition", "outcome"),
		pending: d("logproc_records_pending", "Records fetched that are not committed yet.", "topic", "partition"),
		lost: d("logproc_lost_offsets_total", "Offsets that could not be read, an upper bound of the records lost, by cause.",
			"topic", "partition", "reason"),
		lagRecords:       d("logproc_consumer_lag_records", "Offsets between what is committed and the end of the partition.", "topic", "partition"),
		lagSeconds:       d("logproc_consumer_lag_seconds", "Age of the newest record that was read while more records wait, else 0.", "topic", "partition"),
		idle:             d("logproc_partition_idle_seconds", "Time since the partition last moved although records wait, else 0.", "topic", "partition"),
		violations:       d("logproc_naming_violations_total", "Events whose key or fields broke a rule of the naming convention.", "service", "rule"),
		deadLetters:      d("logproc_dead_letters_total", "Lines that could not be read, by reason.", "reason"),
		deadLetterErrors: d("logproc_dead_letter_errors_total", "Dead letters that could not be written; they are counted all the same."),
		conflicts:        d("logproc_state_conflicts_total", "Commits that the store refused or had already, by its answer.", "outcome"),
		overflow:         d("logproc_series_overflow_total", "Events counted under _overflow because a cardinality budget was used up.", "service"),
		untimely:         d("logproc_untimely_events_total", "Events counted apart from any day: late is older than the retention, future too far ahead.", "reason"),
		redactions:       d("logproc_redactions_total", "Values that a rule of the redaction policy was applied to.", "rule", "operator"),
		observed: d("logproc_redactions_observed_total", "Values that a rule of a policy which only observes would have been applied to.",
			"rule", "operator"),
		withheld:     d("logproc_withheld_total", "Values withheld because a limit was reached or the redactor failed on them.", "reason"),
		policy:       d("logproc_redaction_policy_info", "Constant 1, labelled with the redaction policy in force.", "id", "hash"),
		policyFailed: d("logproc_redaction_policy_refused", "1 while the policy file is refused and the policy before it stays in force."),
		commits:      d("logproc_commit_duration_seconds", "Time that commits took, retries included."),
		rates: d("logproc_service_log_rate", "Distribution over the services of their events per second "+
			"(exponentially weighted moving average, time constant 1 min)."),
		kafkaRead:    d("logproc_kafka_connection_read_bytes_total", "Bytes read from connections to Kafka brokers."),
		kafkaWritten: d("logproc_kafka_connection_write_bytes_total", "Bytes written to connections to Kafka brokers."),
		buildInfo:    d("logproc_build_info", "Constant 1, labelled with the program's version and the Go release it was built with.", "version", "goversion"),
	}
}

// all lists the descriptions.
func (d *descs) all() []*prometheus.Desc {
	return []*prometheus.Desc{d.events, d.durations, d.records, d.pending, d.lost, d.lagRecords, d.lagSeconds, d.idle, d.violations,
		d.deadLetters, d.deadLetterErrors, d.conflicts, d.overflow, d.untimely, d.redactions, d.observed, d.withheld, d.policy, d.policyFailed, d.commits, d.rates, d.kafkaRead, d.kafkaWritten, d.buildInfo}
}
